import { readFile } from 'node:fs/promises'
import { SluiceError } from '@sluice/core'
import { replaceFile, sweepBeside } from './atomic-file.ts'
import type { Clock } from './clock.ts'
import { checkSnapshot } from './snapshot.ts'
import type { Snapshot } from './store.ts'

/** The last known good state on this machine's disk, for a start without the store. */
export interface Cache {
  /** Reads the cached state; nothing where there is none or it is damaged, which is reported. */
  load(): Promise<Snapshot | undefined>
  /** Notes that the state changed; it is written a little later. */
  touch(): void
  /** Writes what is not written yet and lets go of the timer. */
  close(): Promise<void>
}

/** What a cache needs. */
export interface CacheOptions {
  readonly path: string
  readonly clock: Clock
  /** The state to write. */
  readonly take: () => Snapshot
  readonly report: (error: SluiceError) => void
}

/** A ramp writes every few seconds at most; a start after a crash is no further behind than this. */
const throttleMs = 5_000

/** A full disk is mended by people: once a minute is soon enough, and no flood of reports. */
const retryMs = 60_000

export function createCache({ path, clock, take, report }: CacheOptions): Cache {
  let cancelTimer: (() => void) | undefined
  let writing: Promise<void> = Promise.resolve()
  let isClosed = false

  function write(): Promise<void> {
    cancelTimer = undefined
    writing = writing
      .then(() => replaceFile(path, JSON.stringify(take())))
      .catch((cause: unknown) => {
        report(failedWrite(path, cause))
        schedule(retryMs)
      })
    return writing
  }

  /** The state that could not be written is still unwritten, though nothing changes any more. */
  function schedule(delayMs: number): void {
    if (!isClosed) cancelTimer ??= clock.after(delayMs, () => void write())
  }

  return {
    async load() {
      await sweepBeside(path, clock.now())
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') report(corrupt(path, cause))
        return undefined
      }
      try {
        return checkSnapshot(JSON.parse(text), path)
      } catch (cause) {
        report(corrupt(path, cause))
        return undefined
      }
    },

    touch() {
      schedule(throttleMs)
    },

    async close() {
      isClosed = true
      if (cancelTimer === undefined) return writing
      cancelTimer()
      await write()
    },
  }
}

function corrupt(path: string, cause: unknown): SluiceError {
  return new SluiceError(
    'corrupt_cache',
    `The cache ${path} cannot be read and is passed over; the next write replaces it.`,
    { cause },
  )
}

function failedWrite(path: string, cause: unknown): SluiceError {
  return new SluiceError(
    'cache_write_failed',
    `The cache ${path} could not be written: a start without the store would find an older state. ` +
      'Check that the folder exists, can be written and has room.',
    { cause },
  )
}
