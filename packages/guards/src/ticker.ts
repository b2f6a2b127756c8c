import { subtract } from './arm-counts.ts'
import { findFallen, findInvalid, LONGEST_TICK_MS } from './check-counts.ts'
import { createArmCounts, type HealthCounts, type Tick } from './counts.ts'
import { readDeclaration } from './declared.ts'

/** Why a read contributed nothing. */
export type DropReason =
  /** A counter is missing, no number, negative or beyond 2^53, or errors exceed requests. */
  | 'invalid_counts'
  /** A counter fell, or the source is an older one than before. */
  | 'backwards_counts'
  /** More than a minute since the last good read. */
  | 'gap'

/** Turns successive cumulative reads into ticks. */
export interface Ticker {
  /**
   * The difference to the last good read; empty on the first read and whenever the read is dropped. What somebody declared
   * stands in it all the same.
   *
   * A dropped read leaves the last good one standing, so the next good one covers both arms' missed stretch exactly once.
   *
   * @param at Epoch ms of the read. A clock that steps back is carried on by 1 ms.
   */
  next(counts: HealthCounts, at: number): Tick
  /** Reads that contributed nothing. */
  readonly dropped: number
}

/**
 * Starts without a last read, so that the first one contributes nothing.
 *
 * @param options.onDrop Told of every dropped read, with a line for people.
 */
export function createTicker(
  options: { onDrop?: (reason: DropReason, message: string) => void } = {},
): Ticker {
  let base: HealthCounts | undefined
  let baseAt = 0
  let lastAt = -Infinity
  let dropped = 0

  function next(counts: HealthCounts, at: number): Tick {
    lastAt = at > lastAt ? at : lastAt + 1
    // Words that ask for a rollback do not wait for sound numbers.
    const declared = readDeclaration(counts?.declared)
    const tick = difference(counts)
    return declared === undefined ? tick : { ...tick, declared }
  }

  function difference(counts: HealthCounts): Tick {
    const problem = findProblem(counts, base)
    if (problem !== undefined) return drop(problem[0], problem[1])
    const isNew = base !== undefined && isRestart(counts, base)
    const from = isNew ? undefined : base
    // That it tells now since when it counts says nothing of how it counted before: as good as a first read.
    const isFirst = base === undefined || (!isNew && knowsStart(counts) && !knowsStart(base))
    const stretchMs = Math.max(
      lastAt - baseAt,
      isNew && knowsStart(counts) ? lastAt - counts.startedAt : 0,
    )
    base = copyCounts(counts)
    baseAt = lastAt
    if (isFirst) return emptyTick()
    if (stretchMs > LONGEST_TICK_MS) {
      return drop('gap', `${Math.round(stretchMs / 1000)} s without a good read; counts begin anew`)
    }
    return {
      at: lastAt,
      stable: subtract(counts.stable, from?.stable),
      canary: subtract(counts.canary, from?.canary),
      ...(counts.processes === undefined ? {} : { processes: counts.processes }),
    }
  }

  function drop(reason: DropReason, message: string): Tick {
    dropped++
    options.onDrop?.(reason, message)
    return emptyTick()
  }

  function emptyTick(): Tick {
    return { at: lastAt, stable: createArmCounts(), canary: createArmCounts() }
  }

  return {
    next,
    get dropped() {
      return dropped
    },
  }
}

function findProblem(
  counts: HealthCounts,
  base: HealthCounts | undefined,
): [DropReason, string] | undefined {
  const invalid = findInvalid(counts)
  if (invalid !== undefined) return ['invalid_counts', invalid]
  if (base === undefined || isRestart(counts, base)) return undefined
  if (knowsStart(base) && knowsStart(counts) && counts.startedAt < base.startedAt) {
    return ['backwards_counts', 'the source began earlier than the one read before']
  }
  const fallen = findFallen(counts, base)
  return fallen === undefined ? undefined : ['backwards_counts', fallen]
}

/** A source that began later than the one before counts from zero: all it holds is new. */
function isRestart(counts: HealthCounts, base: HealthCounts): boolean {
  return knowsStart(base) && knowsStart(counts) && counts.startedAt > base.startedAt
}

function knowsStart(counts: HealthCounts): counts is HealthCounts & { startedAt: number } {
  const { startedAt } = counts
  return typeof startedAt === 'number' && Number.isFinite(startedAt)
}

function copyCounts(counts: HealthCounts): HealthCounts {
  const { stable, canary, startedAt } = counts
  return {
    stable: subtract(stable, undefined),
    canary: subtract(canary, undefined),
    ...(startedAt === undefined ? {} : { startedAt }),
  }
}
