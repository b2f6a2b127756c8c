import { readFile, statfs } from 'node:fs/promises'
import os from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

/** A number, or why there is none. */
export type GaugeValue = { readonly value: number } | { readonly unknown: string }

/** What system gauges ask of the machine; a test hands in another one. */
export interface GaugePlatform {
  /** Ms that only rise, from anywhere. */
  now(): number
  /** Each processor's times since the start, in ms, by what it did; see `os.cpus()`. */
  cpus(): readonly { readonly times: Readonly<Record<string, number>> }[]
  /** Bytes. */
  totalMemory(): number
  /** Bytes. */
  freeMemory(): number
  /** The most this process may use, in bytes; 0, undefined or more than there is where nothing limits it. */
  constrainedMemory(): number | undefined
  /** What is left of it, in bytes. */
  availableMemory(): number
  /** Bytes. */
  heap(): { readonly used_heap_size: number; readonly heap_size_limit: number }
  /** Blocks of the file system under a path. */
  statfs(
    path: string,
  ): Promise<{ readonly blocks: number; readonly bfree: number; readonly bavail: number }>
  /** A file of `/proc` or `/sys`. Rejects where there is none. */
  readText(path: string): Promise<string>
  /** Begins to measure how late the event loop is. */
  measureDelay(resolutionMs: number): DelayHistogram
}

/** How long the event loop took from one sample to the next, in ns. */
export interface DelayHistogram {
  readonly count: number
  percentile(percent: number): number
  reset(): void
  disable(): unknown
}

/** The machine this process runs on. */
export const nodePlatform: GaugePlatform = {
  now: () => performance.now(),
  cpus: () => os.cpus().map(({ times }) => ({ times: { ...times } })),
  totalMemory: () => os.totalmem(),
  freeMemory: () => os.freemem(),
  constrainedMemory: () => process.constrainedMemory(),
  availableMemory: () => process.availableMemory(),
  heap: getHeapStatistics,
  statfs: (path) => statfs(path),
  readText: (path) => readFile(path, 'utf8'),
  measureDelay(resolutionMs) {
    const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
    histogram.enable()
    return histogram
  },
}
