import type { Tick } from '../counts.ts'
import type { ReadingMonitor, SavedMonitor } from '../monitor.ts'
import { refuseCheckpoint } from '../saved-numbers.ts'
import type { Verdict } from '../verdict.ts'
import type { CustomReadingGuard } from './custom-reading-guard.ts'
import type { GaugeGuard } from './gauge-guard.ts'
import { type Held, hold, type Level } from './held-threshold.ts'
import {
  type Found,
  probeVerdict,
  READING_LIMIT_MS,
  readingOf,
  saySeconds,
} from './probe-verdict.ts'

/** What a reading means to a threshold. */
export type Measured =
  | {
      readonly level: Level
      /** The verdict's estimate. */
      readonly estimate: number | undefined
      /** The number itself: "cpu 83 %". */
      readonly finding: string
    }
  | { readonly unknown: string }

/** A threshold in words and in numbers. */
export interface Threshold {
  /** @returns `unknown` for a reading that holds no number to compare. */
  measure(reading: Found): Measured
  /** What the number is called: "cpu". */
  readonly label: string
  /** "over 80 %". */
  readonly beyond: string
  /** "not over 80 %". */
  readonly within: string
  /** Where a failure ends: "70 % or less". */
  readonly clear: string
}

/** All that the monitor knows; plain JSON. */
interface Known {
  held: Held
  /** The tick and the time of the last reading that was a number. */
  readAt?: number
  tickAt?: number
  /** The last tick, and what it brought. */
  now?: number
  reading?: Found
}

/** Watches a number that is to be beyond a threshold for `forMs` before anybody is told. */
export function createThresholdMonitor(
  guard: GaugeGuard | CustomReadingGuard,
  { measure, label, beyond, within, clear }: Threshold,
): ReadingMonitor {
  const { name, forMs } = guard
  let known: Known = { held: { phase: 'clear' } }

  function observe(tick: Tick): void {
    const { held, readAt, tickAt } = known
    const reading = readingOf(tick, name)
    known = { ...known, now: tick.at }
    if (reading === undefined) return
    known.reading = reading
    // A reading counts once: one that is handed over again shows nothing of the time since.
    if (reading.at === readAt || isOutOfDate(reading, tick.at)) return
    const measured = measure(reading)
    if ('unknown' in measured) return
    known.held = hold(held, measured.level, tick.at, tickAt, forMs)
    known.readAt = reading.at
    known.tickAt = tick.at
  }

  function judge(): Verdict {
    const { held, readAt, tickAt = 0, now = 0, reading } = known
    const heldMs = held.phase === 'clear' ? 0 : tickAt - held.since
    const share = forMs === 0 ? 1 : Math.min(1, heldMs / forMs)
    const data = readAt === undefined ? {} : { dataAt: readAt }
    const measured =
      reading === undefined ? { unknown: 'there is no reading yet' } : measure(reading)
    const blind = findBlindness(measured, reading, now)
    if (blind !== undefined || 'unknown' in measured) {
      const because = `${label} is unknown: ${blind}`
      const evidence = held.phase === 'failed' ? 1 : 0
      const next = `a reading of ${label}`
      return probeVerdict(guard, {
        outcome: 'inconclusive',
        because,
        next,
        estimate: undefined,
        evidence,
        ...data,
      })
    }
    const { estimate, finding, level } = measured
    if (held.phase === 'failed') {
      const where = level === 'beyond' ? `is ${beyond}` : `was ${beyond}`
      const rest = level === 'beyond' ? '' : ` and is not back at ${clear}`
      return probeVerdict(guard, {
        outcome: 'fail',
        because: `${finding} ${where} for ${saySeconds(heldMs)}${rest}`,
        next: `${label} at ${clear}`,
        estimate,
        evidence: 1,
        decidedAt: held.at,
        ...data,
      })
    }
    if (held.phase === 'rising') {
      return probeVerdict(guard, {
        outcome: 'inconclusive',
        because: `${finding} is ${beyond} for ${saySeconds(heldMs)} of ${saySeconds(forMs)}`,
        next: `one reading ${within}, or ${saySeconds(forMs - heldMs)} more without one`,
        estimate,
        evidence: share,
        secondsToDecision: (forMs - heldMs) / 1000,
        ...data,
      })
    }
    return probeVerdict(guard, {
      outcome: 'pass',
      because: `${finding} is ${within}`,
      next: `${label} ${beyond} for ${saySeconds(forMs)}`,
      estimate,
      evidence: 0,
      ...data,
    })
  }

  return {
    observe,
    judge,
    save: () => known as unknown as SavedMonitor,
    restore(saved) {
      known = readKnown(saved)
    },
  }
}

function findBlindness(
  measured: Measured,
  reading: Found | undefined,
  now: number,
): string | undefined {
  if ('unknown' in measured) return measured.unknown
  if (reading === undefined || !isOutOfDate(reading, now)) return undefined
  const aheadMs = reading.at - now
  return aheadMs > 0
    ? `its last reading is ${saySeconds(aheadMs)} ahead of the clock`
    : `its last reading is ${saySeconds(-aheadMs)} old`
}

function isOutOfDate(reading: Found, now: number): boolean {
  // Both ways, for a clock that stepped back leaves readings of the future.
  return !(Math.abs(now - reading.at) <= READING_LIMIT_MS)
}

function readKnown(saved: SavedMonitor): Known {
  const known = structuredClone(saved) as unknown as Known
  const { held, readAt, tickAt, now, reading } = known
  const areTimes =
    [readAt, tickAt, now].every((time) => time === undefined || Number.isFinite(time)) &&
    (reading === undefined || Number.isFinite(reading?.at))
  if (!areTimes || !isHeld(held)) {
    throw refuseCheckpoint('a threshold has no state, or times that are none')
  }
  return known
}

function isHeld(held: Held | undefined): boolean {
  if (held?.phase === 'clear') return true
  if (held?.phase === 'rising') return Number.isFinite(held.since)
  return held?.phase === 'failed' && Number.isFinite(held.since) && Number.isFinite(held.at)
}
