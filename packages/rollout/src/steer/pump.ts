import type { Split } from '@sluice/core'
import type { Clock, Emitter } from '@sluice/stores'
import { limitRouter } from './router-limit.ts'
import type { SteeringEvents } from './steering.ts'
import { isSameSplit } from './wanted-split.ts'

/** One try to give the router a split. */
export interface Attempt {
  readonly split: Split
  /** Asked right before the router is touched: false where a newer one has taken its place. */
  mayBegin(): boolean
}

/** What a pump is made of. */
export interface PumpOptions {
  /** Gives a split to the router; `changed` where it is not wanted any more. */
  readonly apply: (attempt: Attempt) => Promise<'applied' | 'changed'>
  readonly clock: Clock
  readonly timeoutMs: number
  readonly overtakeMs: number
  readonly maxPauseMs: number
  readonly events: Pick<Emitter<SteeringEvents>, 'tell'>
  /** To be told again what is wanted. */
  readonly wake: () => void
}

/** Gives a router the newest split, one try at a time. */
export interface Pump {
  /** What the router is known to have. */
  readonly inForce: Split | undefined
  /** Grows whenever something was begun or ended, so that an answer from before can be told. */
  readonly changes: number
  want(split: Split): void
  /** Whether the router has this, and nothing is under way. */
  has(split: Split): boolean
  /** The router itself says that it has this. */
  confirm(split: Split): void
  /** The router has something else than it was given. */
  doubt(): void
  close(): Promise<void>
}

/** The first pause after a failure: a router that reloads is back by then. */
const firstPauseMs = 250

/** Creates a pump. */
export function createPump(options: PumpOptions): Pump {
  const { apply, clock, timeoutMs, overtakeMs, maxPauseMs, events, wake } = options
  interface Flight {
    readonly split: Split
    hasBegun: boolean
    hasEnded: boolean
    isGivenUp: boolean
    /** An older one ended meanwhile, and may have had the last word. */
    isTainted: boolean
    cancelOvertake: (() => void) | undefined
  }
  let inForce: Split | undefined
  let flight: Flight | undefined
  let changes = 0
  let failures = 0
  let failedSplit: Split | undefined
  let cancelPause: (() => void) | undefined
  let isClosed = false
  let landing: Promise<void> = Promise.resolve()

  function begin(split: Split): void {
    cancelPause?.()
    cancelPause = undefined
    changes += 1
    const mine: Flight = {
      split,
      hasBegun: false,
      hasEnded: false,
      isGivenUp: false,
      isTainted: false,
      cancelOvertake: undefined,
    }
    flight = mine
    const mayBegin = () => {
      mine.hasBegun = !mine.isGivenUp
      return mine.hasBegun
    }
    const work = apply({ split, mayBegin }).finally(() => {
      mine.hasEnded = true
      // Given up is not ended: now that it has, it may have undone what is newer.
      if (mine.isGivenUp && mine.hasBegun) landLate()
    })
    landing = limitRouter(clock, timeoutMs, work).then(
      (outcome) => land(mine, outcome),
      (error: unknown) => land(mine, 'failed', error),
    )
  }

  function land(mine: Flight, outcome: 'applied' | 'changed' | 'failed', error?: unknown): void {
    if (mine.isGivenUp) return
    mine.isGivenUp = !mine.hasEnded
    mine.cancelOvertake?.()
    flight = undefined
    changes += 1
    if (isClosed) return
    if (outcome === 'failed') {
      inForce = undefined
      failures += 1
      failedSplit = mine.split
      pause()
      events.tell('error', error)
    } else if (outcome === 'applied') {
      failures = 0
      inForce = mine.isTainted ? undefined : mine.split
      if (inForce !== undefined) {
        events.tell('applied', { weights: inForce, at: clock.now() })
      }
    }
    wake()
  }

  function landLate(): void {
    if (isClosed) return
    changes += 1
    inForce = undefined
    if (flight !== undefined) flight.isTainted = true
    wake()
  }

  function pause(): void {
    const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 20))
    cancelPause?.()
    cancelPause = clock.after(pauseMs, () => {
      cancelPause = undefined
      wake()
    })
  }

  /** A newer one waits a moment for the older to end, and then no longer; not at all where that only asks the log. */
  function overtake(older: Flight, split: Split): void {
    if (!older.hasBegun) {
      older.isGivenUp = true
      begin(split)
      return
    }
    older.cancelOvertake ??= clock.after(
      overtakeMs,
      () => {
        older.isGivenUp = true
        flight = undefined
        changes += 1
        inForce = undefined
        wake()
      },
      { keepsAlive: true },
    )
  }

  return {
    get inForce() {
      return inForce
    },
    get changes() {
      return changes
    },

    want(split) {
      if (isClosed) return
      if (flight !== undefined) {
        if (!isSameSplit(flight.split, split)) overtake(flight, split)
        return
      }
      if (inForce !== undefined && isSameSplit(inForce, split)) return
      // A pause is for what failed; what is new does not wait for it.
      const isPaused = cancelPause !== undefined
      if (isPaused && failedSplit !== undefined && isSameSplit(failedSplit, split)) return
      begin(split)
    },

    has: (split) => flight === undefined && inForce !== undefined && isSameSplit(inForce, split),

    confirm(split) {
      if (flight !== undefined) return
      inForce = split
      failures = 0
    },

    doubt() {
      inForce = undefined
    },

    async close() {
      isClosed = true
      cancelPause?.()
      flight?.cancelOvertake?.()
      if (flight !== undefined) await landing
    },
  }
}
