import type { GaugePlatform } from './gauge-platform.ts'

/** What a control group of Linux gives this process of the processors, and what it has used. */
export interface CgroupCpu {
  /** How many processors' time: 0.5 is half of one. */
  readonly limitCpus: number
  /** Time used since the group began, in ms. */
  readonly usedMs: number
}

type ReadText = GaugePlatform['readText']

/**
 * The tightest limit on processor time above this process; undefined where there is none.
 *
 * A container sees its own group as the root, while a service of the host has a path; version 1 may show the host's
 * path inside a container. So the path and all that is above it are asked.
 */
export async function readCgroupCpu(readText: ReadText): Promise<CgroupCpu | undefined> {
  const groups = parseGroups(await readText('/proc/self/cgroup'))
  let tightest: CgroupCpu | undefined
  for (const folder of foldersOf(groups.get(''))) {
    const found = await readVersion2(readText, `/sys/fs/cgroup${folder}`)
    if (found && !(tightest && tightest.limitCpus <= found.limitCpus)) tightest = found
  }
  for (const folder of foldersOf(groups.get('cpu'))) {
    const found = await readVersion1(readText, folder)
    if (found && !(tightest && tightest.limitCpus <= found.limitCpus)) tightest = found
  }
  return tightest
}

/**
 * Bytes that count as used under a limit on memory, but are given back when they are needed: files read long ago.
 *
 * @returns 0 where that is not known.
 */
export async function readReclaimable(readText: ReadText): Promise<number> {
  const groups = parseGroups(await readText('/proc/self/cgroup').catch(() => ''))
  const files = [
    ...foldersOf(groups.get('')).map((folder) => `/sys/fs/cgroup${folder}/memory.stat`),
    ...foldersOf(groups.get('memory')).map(
      (folder) => `/sys/fs/cgroup/memory${folder}/memory.stat`,
    ),
  ]
  for (const file of files) {
    const text = await readText(file).catch(() => '')
    // Version 1 counts the groups below under a name of their own.
    const bytes = /^total_inactive_file (\d+)$/m.exec(text) ?? /^inactive_file (\d+)$/m.exec(text)
    if (bytes) return Number(bytes[1])
  }
  return 0
}

/** `4:cpu,cpuacct:/a/b` → cpu → /a/b; version 2's line has no controllers: '' → its path. */
function parseGroups(text: string): Map<string, string> {
  const groups = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    for (const controller of controllers.split(',')) groups.set(controller, path)
  }
  return groups
}

/** `/a/b` → `/a/b`, `/a` and the root. */
function foldersOf(path: string | undefined): string[] {
  if (path === undefined) return []
  const parts = path.split('/').filter((part) => part !== '' && part !== '..')
  return [...parts.keys(), parts.length]
    .map((length) =>
      parts
        .slice(0, length)
        .map((part) => `/${part}`)
        .join(''),
    )
    .reverse()
}

async function readVersion2(readText: ReadText, folder: string): Promise<CgroupCpu | undefined> {
  const max = await readText(`${folder}/cpu.max`).catch(() => '')
  const [, quota, period] = /^(\d+) (\d+)/.exec(max) ?? []
  if (quota === undefined) return undefined
  const stat = await readText(`${folder}/cpu.stat`).catch(() => '')
  const [, usedUs] = /^usage_usec (\d+)$/m.exec(stat) ?? []
  return toLimit(Number(quota) / Number(period), Number(usedUs) / 1e3)
}

async function readVersion1(readText: ReadText, folder: string): Promise<CgroupCpu | undefined> {
  const path = `/sys/fs/cgroup/cpu${folder}`
  const quota = Number(await readText(`${path}/cpu.cfs_quota_us`).catch(() => '-1'))
  if (!(quota > 0)) return undefined
  const period = Number(await readText(`${path}/cpu.cfs_period_us`).catch(() => ''))
  const used = await readText(`/sys/fs/cgroup/cpuacct${folder}/cpuacct.usage`).catch(() => 'none')
  return toLimit(quota / period, Number(used) / 1e6)
}

function toLimit(limitCpus: number, usedMs: number): CgroupCpu | undefined {
  return limitCpus > 0 && limitCpus < Infinity && usedMs >= 0 ? { limitCpus, usedMs } : undefined
}
