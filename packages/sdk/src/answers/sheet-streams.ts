import type { Clock } from '@sluice/stores'
import { createSheetStream, type SheetStream, type SheetStreamOptions } from './sheet-stream.ts'

/** All streams of a handler. */
export interface SheetStreams {
  readonly size: number
  open(options: Omit<SheetStreamOptions, 'clock' | 'onEnd'>): SheetStream
  /** Wakes every stream, a few at a time. */
  wake(): void
  close(): void
}

/**
 * So many streams are woken in one turn: a thousand flags for twenty users take some milliseconds, and requests are
 * answered between the turns.
 */
const perTurn = 20

/**
 * Keeps the streams of a handler.
 *
 * @param follow Called with the first stream: begins to listen for changes, and answers what stops that.
 */
export function createSheetStreams(clock: Clock, follow: () => () => void): SheetStreams {
  const streams = new Set<SheetStream>()
  const toWake = new Set<SheetStream>()
  let isTurning = false
  let stopFollowing = () => {}

  function turn(): void {
    isTurning = false
    for (const stream of [...toWake].slice(0, perTurn)) {
      toWake.delete(stream)
      stream.wake()
    }
    turnSoon()
  }

  function turnSoon(): void {
    if (isTurning || toWake.size === 0) return
    isTurning = true
    clock.after(0, turn)
  }

  return {
    get size() {
      return streams.size
    },
    open(options) {
      const stream = createSheetStream({
        ...options,
        clock,
        onEnd() {
          if (streams.delete(stream) && streams.size === 0) stopFollowing()
        },
      })
      if (streams.size === 0) stopFollowing = follow()
      streams.add(stream)
      return stream
    },
    wake() {
      for (const stream of streams) toWake.add(stream)
      turnSoon()
    },
    close() {
      for (const stream of [...streams]) stream.end()
    },
  }
}
