import { readCgroupCpu } from './cgroup.ts'
import type { GaugePlatform, GaugeValue } from './gauge-platform.ts'

interface Sample {
  /** Whose time it is: another limit's cannot be taken off it. */
  readonly of: string
  readonly usedMs: number
  readonly possibleMs: number
}

/**
 * The share of processor time in use since the read before: of what a control group allows this process where one is
 * set, for that is where it is throttled, else of the whole machine.
 */
export function createCpuShare(platform: GaugePlatform): () => Promise<GaugeValue> {
  let last: Sample | undefined

  return async () => {
    const sample = (await sampleCgroup(platform)) ?? sampleMachine(platform)
    const before = last
    last = sample
    if (before?.of !== sample.of) return { unknown: 'the first reading only begins to count' }
    const possibleMs = sample.possibleMs - before.possibleMs
    const usedMs = sample.usedMs - before.usedMs
    if (!(possibleMs > 0 && usedMs >= 0)) return { unknown: 'no processor time was counted' }
    // A group may use more for a moment, of what it saved before.
    return { value: Math.min(1, usedMs / possibleMs) }
  }
}

async function sampleCgroup(platform: GaugePlatform): Promise<Sample | undefined> {
  const group = await readCgroupCpu(platform.readText).catch(() => undefined)
  if (group === undefined || group.limitCpus >= platform.cpus().length) return undefined
  return {
    of: `group ${group.limitCpus}`,
    usedMs: group.usedMs,
    possibleMs: platform.now() * group.limitCpus,
  }
}

function sampleMachine(platform: GaugePlatform): Sample {
  let idleMs = 0
  let possibleMs = 0
  for (const { times } of platform.cpus()) {
    idleMs += times.idle ?? 0
    for (const ms of Object.values(times)) possibleMs += ms
  }
  return { of: 'machine', usedMs: possibleMs - idleMs, possibleMs }
}
