import type { ReadingMonitor, SavedMonitor } from '../monitor.ts'
import { refuseCheckpoint } from '../saved-numbers.ts'
import { type Decided, readDecision } from '../verdict.ts'
import type { CheckGuard } from './check-guard.ts'
import { type Found, probeVerdict, readingOf, saySeconds } from './probe-verdict.ts'

/** All that the monitor knows; plain JSON. */
interface Known {
  /** When it began to fail. */
  failedAt?: number
  /** When the last result was found that said yes or no. */
  toldAt?: number
  /** A failure that asked for rollback. */
  decided?: Decided
  now?: number
  reading?: Found
}

/** Watches what a check says. */
export function createCheckMonitor(guard: CheckGuard): ReadingMonitor {
  const { name, everyMs, timeoutMs, retries, consequence } = guard
  // Three runs may be lost, and one of them may be tried as often as it can.
  const limitMs = 3 * everyMs + timeoutMs * (retries + 1)
  let known: Known = {}

  function findBlindness({ reading, now = 0 }: Known): string | undefined {
    if (reading === undefined) return 'the check has not said anything yet'
    if ('unknown' in reading) return `the check could not tell: ${reading.unknown}`
    if (!('ok' in reading) || typeof reading.ok !== 'boolean')
      return 'the check said neither yes nor no'
    const ageMs = now - reading.at
    if (ageMs > limitMs) return `the check's last answer is ${saySeconds(ageMs)} old`
    if (!(ageMs >= -limitMs))
      return `the check's last answer is ${saySeconds(-ageMs)} ahead of the clock`
    return undefined
  }

  return {
    observe(tick) {
      const reading = readingOf(tick, name) ?? known.reading
      known = { ...known, now: tick.at, ...(reading === undefined ? {} : { reading }) }
      if (reading === undefined || findBlindness(known) !== undefined || !('ok' in reading)) return
      known.toldAt = reading.at
      if (reading.ok) {
        delete known.failedAt
        return
      }
      known.failedAt ??= tick.at
      // It has been acted on: a canary on its way back is not brought forward by one good answer.
      if (consequence === 'rollback') known.decided ??= { at: tick.at, because: reading.because }
    },

    judge() {
      const { failedAt, toldAt, decided, reading } = known
      const data = toldAt === undefined ? {} : { dataAt: toldAt }
      if (decided !== undefined) {
        return probeVerdict(guard, {
          outcome: 'fail',
          because: decided.because,
          next: 'nothing: a failure that asks for rollback stands',
          estimate: undefined,
          evidence: 1,
          decidedAt: decided.at,
          ...data,
        })
      }
      const blind = findBlindness(known)
      if (blind !== undefined || reading === undefined || !('ok' in reading)) {
        return probeVerdict(guard, {
          outcome: 'inconclusive',
          because: String(blind),
          next: 'an answer of the check',
          estimate: undefined,
          evidence: 0,
          ...data,
        })
      }
      return probeVerdict(guard, {
        outcome: reading.ok ? 'pass' : 'fail',
        because: reading.because,
        next: reading.ok ? 'an answer that is not ok' : 'an answer that is ok',
        estimate: undefined,
        evidence: reading.ok ? 0 : 1,
        ...(reading.ok || failedAt === undefined ? {} : { decidedAt: failedAt }),
        ...data,
      })
    },

    save: () => known as unknown as SavedMonitor,
    restore(saved) {
      known = readKnown(saved)
    },
  }
}

function readKnown(saved: SavedMonitor): Known {
  const known = structuredClone(saved) as unknown as Known
  const times = [known.failedAt, known.toldAt, known.now, known.reading?.at]
  if (!times.every((time) => time === undefined || Number.isFinite(time))) {
    throw refuseCheckpoint('a check has times that are none')
  }
  readDecision(known.decided)
  return known
}
