import { sayThrown } from './ask.ts'
import { readReclaimable } from './cgroup.ts'
import { createCpuShare } from './cpu-share.ts'
import type { GaugeMetric } from './gauge-guard.ts'
import {
  type DelayHistogram,
  type GaugePlatform,
  type GaugeValue,
  nodePlatform,
} from './gauge-platform.ts'
import { createIoRate } from './io-rates.ts'

/** Reads the machine and the process. */
export interface SystemGauges {
  /**
   * Reads one metric, in the unit that {@link GaugeMetric} says. What is a rate, or counts since the read before, is
   * unknown the first time; two reads within 400 ms get the same answer. Never rejects.
   *
   * @param path Of `disk`: a folder on it. Default: the working directory.
   */
  read(metric: GaugeMetric, path?: string): Promise<GaugeValue>
  /** Stops measuring the event loop. */
  close(): void
}

/** The processors count in steps of 10 ms: over less than this, a share is mostly rounding. */
const SHORTEST_WINDOW_MS = 400

/** How often the event loop is sampled. Each sample holds this time, which is not delay. */
const RESOLUTION_MS = 10

/** Creates gauges that have read nothing. They keep no process alive. @param options Parts of another platform. */
export function createSystemGauges(options: Partial<GaugePlatform> = {}): SystemGauges {
  const platform = { ...nodePlatform, ...options }
  const reads = new Map<string, { at: number; isOpen: boolean; value: Promise<GaugeValue> }>()
  let delay: DelayHistogram | undefined
  let isClosed = false

  const readers: Record<GaugeMetric, (path: string) => GaugeValue | Promise<GaugeValue>> = {
    cpu: createCpuShare(platform),
    memory: () => readMemory(platform),
    disk: (path) => readDisk(platform, path),
    event_loop_delay: readDelay,
    heap() {
      const { used_heap_size, heap_size_limit } = platform.heap()
      return { value: used_heap_size / heap_size_limit }
    },
    disk_read: createIoRate('disk_read', platform),
    disk_write: createIoRate('disk_write', platform),
    network_in: createIoRate('network_in', platform),
    network_out: createIoRate('network_out', platform),
  }

  function readDelay(): GaugeValue {
    if (delay === undefined) {
      delay = platform.measureDelay(RESOLUTION_MS)
      return { unknown: 'the first reading only begins to measure' }
    }
    if (delay.count === 0) return { unknown: 'the event loop has not been sampled since' }
    const lateMs = delay.percentile(99) / 1e6 - RESOLUTION_MS
    delay.reset()
    return { value: Math.max(0, lateMs) }
  }

  async function readNow(metric: GaugeMetric, path: string): Promise<GaugeValue> {
    try {
      if (isClosed) return { unknown: 'the gauges are closed' }
      const found = await readers[metric](path)
      if ('unknown' in found || Number.isFinite(found.value)) return found
      return { unknown: `the platform gave ${found.value}` }
    } catch (error) {
      return { unknown: sayThrown(error) }
    }
  }

  return {
    read(metric, path = '.') {
      const key = `${metric} ${path}`
      const last = reads.get(key)
      const ageMs = last === undefined ? Infinity : platform.now() - last.at
      // A disk that does not answer is asked once, not once a second.
      if (last?.isOpen || (ageMs >= 0 && ageMs < SHORTEST_WINDOW_MS)) return last!.value
      const read = { at: platform.now(), isOpen: true, value: readNow(metric, path) }
      reads.set(key, read)
      void read.value.then(() => {
        read.isOpen = false
      })
      return read.value
    },
    close() {
      isClosed = true
      delay?.disable()
    },
  }
}

/** The share in use: of this process's limit where it has one, else of the machine's memory. */
async function readMemory(platform: GaugePlatform): Promise<GaugeValue> {
  const total = platform.totalMemory()
  const limit = platform.constrainedMemory()
  if (limit === undefined || !(limit > 0 && limit < total)) {
    return { value: 1 - platform.freeMemory() / total }
  }
  const available = platform.availableMemory() + (await readReclaimable(platform.readText))
  return { value: 1 - Math.min(available, limit) / limit }
}

/** The share that is free to everybody, as `df` counts it: what is kept for root is neither. */
async function readDisk(platform: GaugePlatform, path: string): Promise<GaugeValue> {
  const { blocks, bfree, bavail } = await platform.statfs(path)
  const usable = blocks - bfree + bavail
  return usable > 0 ? { value: bavail / usable } : { unknown: `${path} is on no disk` }
}
