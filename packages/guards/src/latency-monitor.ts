import { BETS, shareAt, writeCosts, writeGains } from './bets.ts'
import type { ArmName } from './counts.ts'
import type { Consequence } from './guard.ts'
import {
  BUCKETS_PER_OCTAVE,
  bucketOf,
  bucketsInFactor,
  countLatencies,
  LATENCY_BUCKETS,
  meanMs,
  quantileMs,
} from './latency-histogram.ts'
import { createLatencyMarginProof } from './latency-margin-proof.ts'
import { describeLatency, type LatencyFinding } from './latency-outcome.ts'
import { latencySubject } from './latency-subject.ts'
import type { Monitor } from './monitor.ts'
import { createProjection } from './projection.ts'
import { QUANTILE_CONFIDENCE, quantileInterval, ratioInterval } from './quantile-interval.ts'
import { createRollingLatency, WINDOW_SLOTS } from './rolling-latency.ts'
import { readNumbers, saveNumbers } from './saved-numbers.ts'
import type { CustomGuard, LatencyGuard } from './statistical-guards.ts'
import { type Decided, readDecision, type Verdict } from './verdict.ts'
import { createWealth } from './wealth.ts'

/** Where the arms' latencies are compared: in the middle, for a shift of everything, and in the tail. */
const LEVELS = [0.5, 0.75, 0.9, 0.95, 0.99]
const P95 = 3

/** The newest ten to twenty seconds show trouble that has just begun, if they hold enough to tell a p95. */
const NEWEST_SLOTS = 2
const MIN_NEWEST_REQUESTS = 100

/**
 * Watches the claim "the canary is no slower than margin × stable" at five levels of the stable arm's own latencies.
 *
 * A canary request beyond margin × level counts like a stable request beyond the level, and the two are compared as
 * errors are, with ratio 1. Levels come from slots closed before the tick, so they cannot have seen what they judge. The
 * first ten seconds of stable traffic only set them.
 *
 * Of values of which more is better, the arms change places. In the code the `suspect` is the arm that may be slower.
 */
export function createLatencyMonitor(guard: LatencyGuard | CustomGuard, alpha: number): Monitor {
  const subject = latencySubject(guard)
  const { isHigherBetter, statistic } = subject
  const suspect: ArmName = isHigherBetter ? 'stable' : 'canary'
  const other: ArmName = isHigherBetter ? 'canary' : 'stable'
  const marginShift = bucketsInFactor(guard.marginRatio)
  const wealth = createWealth(LEVELS.length * BETS, alpha)
  const proof = createLatencyMarginProof(marginShift, guard.confidence)
  const projection = createProjection()
  const rolling = createRollingLatency()
  const threshold = -Math.log(alpha)
  const levels = new Float64Array(LEVELS.length).fill(-1) // buckets; −1 while warming up
  const costs = new Float64Array(BETS)
  const provenEvents = new Float64Array(proof.shifts.length)
  const clusterSize = guard.kind === 'custom' ? guard.clusterSize : 1
  const minValues = guard.kind === 'custom' ? guard.minErrors : 0
  let suspectValues = 0
  const stable = { requests: 0, errors: 0 }
  const canary = { requests: 0, errors: 0 }
  let dataAt = Number.NaN
  let decided: Decided | undefined

  const observe: Monitor['observe'] = (tick, tickViews) => {
    const views = subject.view(tick, tickViews)
    const otherFrom = views[other].from
    const suspectFrom = views[suspect].from
    const suspectRequests = suspectFrom[0]!
    const otherRequests = otherFrom[0]!
    // Without a stable request there is nothing to compare with; at 100 percent that lasts, and the minute in
    // which both arms last served must not be forgotten over it.
    if (otherRequests === 0) return
    if (rolling.advance(tick.at)) setLevels()
    rolling.add(other, views[other])
    rolling.add(suspect, views[suspect])
    if (suspectRequests === 0) return
    stable.requests += tick.stable.requests
    stable.errors += tick.stable.errors
    canary.requests += tick.canary.requests
    canary.errors += tick.canary.errors
    suspectValues += suspectRequests
    dataAt = tick.at
    if (levels[0] === -1) return

    writeCosts(costs, shareAt(1, suspectRequests, otherRequests))
    wealth.open(tick.at, 0, 0)
    for (let level = 0; level < LEVELS.length; level++) {
      const beyond = levels[level]! + 1
      const hits = suspectFrom[Math.min(beyond + marginShift, LATENCY_BUCKETS)]!
      const trials = hits + otherFrom[beyond]!
      // A mean of as many e-values as values of one cause: by convexity the whole gain may be divided by them.
      writeGains(wealth.gains, level * BETS, hits / clusterSize, trials / clusterSize, costs)
    }
    wealth.settle()
    const beyondP95 = levels[P95]! + 1
    for (let index = 0; index < provenEvents.length; index++) {
      const bucket = Math.min(beyondP95 + proof.shifts[index]!, LATENCY_BUCKETS)
      provenEvents[index] = suspectFrom[bucket]! / clusterSize
    }
    const otherEvents = otherFrom[beyondP95]! / clusterSize
    proof.observe(provenEvents, otherEvents, suspectRequests, otherRequests)

    if (projection.isDue(tick.at)) projection.note(tick.at, readShare())
    if (decided === undefined && wealth.isRejected()) decide(tick.at)
  }

  function setLevels(): void {
    const known = rolling.readClosed(other)
    const total = countLatencies(known)
    for (let level = 0; level < LEVELS.length; level++) {
      const ms = quantileMs(known, LEVELS[level]!, total)
      // After a silence the old levels are as predictable as ever, and better than none.
      if (ms !== undefined) levels[level] = bucketOf(ms)
    }
  }

  function decide(at: number): void {
    const estimate = readWorstRatio()
    if (estimate === undefined || estimate < guard.rollbackRatio || isTooFew()) return
    const finding = { ...readFinding(), estimate, isRollback: true }
    decided = { at, estimate, because: describeLatency(guard, subject, finding).because }
  }

  function isTooFew(): boolean {
    return suspectValues < minValues
  }

  function readValue(arm: ArmName, slots: number): number | undefined {
    const histogram = rolling.readNewest(arm, slots)
    return statistic === 'mean' ? meanMs(histogram) : quantileMs(histogram, statistic)
  }

  /** Suspect to other: 1 or less is well. */
  function readRatio(slots: number): number | undefined {
    const suspectMs = readValue(suspect, slots)
    const otherMs = readValue(other, slots)
    return suspectMs === undefined || otherMs === undefined ? undefined : suspectMs / otherMs
  }

  function readWorstRatio(): number | undefined {
    const overall = readRatio(WINDOW_SLOTS)
    if (countLatencies(rolling.readNewest(suspect, NEWEST_SLOTS)) < MIN_NEWEST_REQUESTS) {
      return overall
    }
    return Math.max(overall ?? 0, readRatio(NEWEST_SLOTS) ?? 0)
  }

  function readShare(): number {
    return wealth.isRejected() ? 1 : wealth.readLog() / threshold
  }

  function readFinding(): LatencyFinding {
    const share = readShare()
    return {
      ...{ share, decided, stable, canary },
      estimate: decided?.estimate ?? (share > 0 ? readWorstRatio() : readRatio(WINDOW_SLOTS)),
      values: {
        stable: readValue('stable', WINDOW_SLOTS),
        canary: readValue('canary', WINDOW_SLOTS),
      },
      isProven: (proof.readProvenShift() ?? Number.POSITIVE_INFINITY) <= marginShift,
      isLearning: levels[0] === -1,
      isRejected: wealth.isRejected(),
      lackingValues: Math.max(0, minValues - suspectValues),
      isRollback: decided !== undefined,
      seconds: decided ? undefined : projection.readSeconds(dataAt, share),
    }
  }

  function judge(): Verdict {
    const finding = readFinding()
    const { share, estimate, seconds } = finding
    const provenShift = proof.readProvenShift()
    const provenRatio =
      provenShift === undefined ? undefined : 2 ** (provenShift / BUCKETS_PER_OCTAVE)
    return {
      guard: guard.name,
      kind: guard.kind,
      ...describeLatency(guard, subject, finding),
      estimate: estimate === undefined || !isHigherBetter ? estimate : 1 / estimate,
      ...readInterval(),
      ...(provenRatio === undefined
        ? {}
        : { provenMargin: provenRatio - 1, provenConfidence: guard.confidence }),
      evidence: Math.min(1, Math.max(0, share)),
      evidenceLog: wealth.readLog(),
      counts: {
        stable: { ...stable, ...readP95('stable') },
        canary: { ...canary, ...readP95('canary') },
      },
      ...(Number.isNaN(dataAt) ? {} : { dataAt }),
      ...(decided === undefined ? {} : { decidedAt: decided.at }),
      ...(seconds === undefined ? {} : { secondsToDecision: seconds }),
    }
  }

  /** Of the last minute; without one for means, of which a histogram does not tell how they scatter. */
  function readInterval(): Pick<Verdict, 'interval' | 'intervalConfidence'> {
    if (statistic === 'mean') return {}
    const boundsOf = (arm: ArmName) =>
      quantileInterval(rolling.readNewest(arm, WINDOW_SLOTS), statistic)
    const interval = ratioInterval(boundsOf('canary'), boundsOf('stable'))
    return interval === undefined ? {} : { interval, intervalConfidence: QUANTILE_CONFIDENCE }
  }

  function readP95(arm: ArmName): { p95Ms?: number } {
    if (guard.kind !== 'latency') return {}
    const p95Ms = quantileMs(rolling.readNewest(arm, WINDOW_SLOTS), 0.95)
    return p95Ms === undefined ? {} : { p95Ms }
  }

  function findDemand(): Consequence | undefined {
    if (decided !== undefined) return guard.consequence
    if (!wealth.isRejected() || isTooFew()) return undefined
    return guard.consequence === 'warn' ? 'warn' : 'hold'
  }

  function save() {
    return {
      ...{ wealth: wealth.save(), proof: proof.save(), projection: projection.save() },
      ...{ rolling: rolling.save(), levels: saveNumbers(levels), decided },
      numbers: saveNumbers([
        stable.requests,
        stable.errors,
        canary.requests,
        canary.errors,
        ...[dataAt, suspectValues],
      ]),
    }
  }

  const restore: Monitor['restore'] = (saved) => {
    wealth.restore(saved.wealth)
    proof.restore(saved.proof)
    projection.restore(saved.projection)
    rolling.restore(saved.rolling)
    levels.set(readNumbers(saved.levels, levels.length))
    decided = readDecision(saved.decided)
    const numbers = readNumbers(saved.numbers, 6)
    stable.requests = numbers[0]!
    stable.errors = numbers[1]!
    canary.requests = numbers[2]!
    canary.errors = numbers[3]!
    dataAt = numbers[4]!
    suspectValues = numbers[5]!
  }

  return { observe, judge, findDemand, save, restore }
}
