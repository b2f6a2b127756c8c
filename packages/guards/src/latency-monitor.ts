import { BETS, shareAt, writeCosts, writeGains } from './bets.ts'
import type { LatencyGuard } from './guard.ts'
import {
  BUCKETS_PER_OCTAVE,
  bucketOf,
  bucketsInFactor,
  countLatencies,
  LATENCY_BUCKETS,
  quantileMs,
} from './latency-histogram.ts'
import { createLatencyMarginProof } from './latency-margin-proof.ts'
import type { Monitor } from './monitor.ts'
import { createProjection } from './projection.ts'
import { createRollingLatency, WINDOW_SLOTS } from './rolling-latency.ts'
import type { Verdict } from './verdict.ts'
import { createWealth } from './wealth.ts'
import { sayMs, sayNumber, sayPercent, sayRatio } from './wording.ts'

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
 */
export function createLatencyMonitor(guard: LatencyGuard, alpha: number): Monitor {
  const marginShift = bucketsInFactor(guard.marginRatio)
  const wealth = createWealth(LEVELS.length * BETS, alpha)
  const proof = createLatencyMarginProof(marginShift, guard.confidence)
  const projection = createProjection()
  const rolling = createRollingLatency()
  const threshold = -Math.log(alpha)
  const levels = new Int32Array(LEVELS.length).fill(-1) // buckets; −1 while warming up
  const costs = new Float64Array(BETS)
  const stableFrom = new Float64Array(LATENCY_BUCKETS + 1)
  const canaryFrom = new Float64Array(LATENCY_BUCKETS + 1)
  const provenEvents = new Float64Array(proof.shifts.length)
  const stable = { requests: 0, errors: 0 }
  const canary = { requests: 0, errors: 0 }
  let dataAt = Number.NaN
  let decided: { at: number; because: string; estimate: number } | undefined

  const observe: Monitor['observe'] = (tick) => {
    sumFromTop(stableFrom, tick.stable.latency)
    sumFromTop(canaryFrom, tick.canary.latency)
    const stableRequests = stableFrom[0]!
    const canaryRequests = canaryFrom[0]!
    // Without a stable request there is nothing to compare with; at 100 percent that lasts, and the minute in
    // which both arms last served must not be forgotten over it.
    if (stableRequests === 0) return
    if (rolling.advance(tick.at)) setLevels()
    rolling.add(tick)
    if (canaryRequests === 0) return
    stable.requests += tick.stable.requests
    stable.errors += tick.stable.errors
    canary.requests += tick.canary.requests
    canary.errors += tick.canary.errors
    dataAt = tick.at
    if (levels[0] === -1) return

    writeCosts(costs, shareAt(1, canaryRequests, stableRequests))
    wealth.open(tick.at, 0, 0)
    for (let level = 0; level < LEVELS.length; level++) {
      const beyond = levels[level]! + 1
      const hits = canaryFrom[Math.min(beyond + marginShift, LATENCY_BUCKETS)]!
      writeGains(wealth.gains, level * BETS, hits, hits + stableFrom[beyond]!, costs)
    }
    wealth.settle()
    const beyondP95 = levels[P95]! + 1
    for (let index = 0; index < provenEvents.length; index++) {
      const bucket = Math.min(beyondP95 + proof.shifts[index]!, LATENCY_BUCKETS)
      provenEvents[index] = canaryFrom[bucket]!
    }
    proof.observe(provenEvents, stableFrom[beyondP95]!, canaryRequests, stableRequests)

    if (projection.isDue(tick.at)) projection.note(tick.at, readShare())
    if (decided === undefined && wealth.isRejected()) decide(tick.at)
  }

  function setLevels(): void {
    const known = rolling.readClosedStable()
    for (let level = 0; level < LEVELS.length; level++) {
      const ms = quantileMs(known, LEVELS[level]!)
      // After a silence the old levels are as predictable as ever, and better than none.
      if (ms !== undefined) levels[level] = bucketOf(ms)
    }
  }

  function decide(at: number): void {
    const estimate = readWorstRatio()
    if (estimate === undefined || estimate < guard.rollbackRatio) return
    decided = { at, estimate, because: sayFinding(estimate, 'beyond chance') }
  }

  function readRatio(slots: number): number | undefined {
    const canaryMs = quantileMs(rolling.readNewest('canary', slots), 0.95)
    const stableMs = quantileMs(rolling.readNewest('stable', slots), 0.95)
    return canaryMs === undefined || stableMs === undefined ? undefined : canaryMs / stableMs
  }

  function readWorstRatio(): number | undefined {
    const overall = readRatio(WINDOW_SLOTS)
    if (countLatencies(rolling.readNewest('canary', NEWEST_SLOTS)) < MIN_NEWEST_REQUESTS) {
      return overall
    }
    return Math.max(overall ?? 0, readRatio(NEWEST_SLOTS) ?? 0)
  }

  function readShare(): number {
    return wealth.isRejected() ? 1 : wealth.readLog() / threshold
  }

  function judge(): Verdict {
    const share = readShare()
    const estimate = decided?.estimate ?? (share > 0 ? readWorstRatio() : readRatio(WINDOW_SLOTS))
    const provenShift = proof.readProvenShift()
    const provenRatio =
      provenShift === undefined ? undefined : 2 ** (provenShift / BUCKETS_PER_OCTAVE)
    const seconds = decided ? undefined : projection.readSeconds(dataAt, share)
    return {
      guard: guard.name,
      kind: guard.kind,
      ...decideOutcome(share, estimate, provenShift),
      estimate,
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

  function decideOutcome(
    share: number,
    estimate: number | undefined,
    provenShift: number | undefined,
  ): Pick<Verdict, 'outcome' | 'consequence' | 'because' | 'basis'> {
    const { consequence, marginRatio, rollbackRatio, minRequests } = guard
    const waits = (because: string) => ({ outcome: 'inconclusive', consequence, because }) as const
    if (decided) return { outcome: 'fail', consequence, because: decided.because }
    if (wealth.isRejected()) {
      return {
        outcome: 'fail',
        consequence: consequence === 'warn' ? 'warn' : 'hold',
        because: sayFinding(estimate, `beyond chance but under ${sayRatio(rollbackRatio)}`),
      }
    }
    if (canary.requests === 0) return waits('no latencies on both arms at the same time yet')
    if (levels[0] === -1) return waits("learning the stable arm's latencies for ten seconds")
    if (share > 0) {
      return waits(
        sayFinding(estimate, `with ${sayPercent(share)} of the evidence a failure needs`),
      )
    }
    if (provenShift !== undefined && provenShift <= marginShift) {
      return {
        outcome: 'pass',
        consequence,
        basis: 'proven',
        because: `at ${sayPercent(guard.confidence)} confidence the canary is at most ${sayRatio(marginRatio)} as slow (${sayBoth()})`,
      }
    }
    if (canary.requests < minRequests || stable.requests < minRequests) {
      return waits(`fewer than ${sayNumber(minRequests)} requests on an arm (${sayBoth()})`)
    }
    if (estimate === undefined) return waits('no canary latencies in the last minute')
    if (estimate >= marginRatio)
      return waits(`canary p95 is ${sayRatio(estimate)} stable's (${sayBoth()})`)
    return {
      outcome: 'pass',
      consequence,
      basis: 'estimate',
      because: `canary p95 is ${sayRatio(estimate)} stable's by estimate (${sayBoth()})`,
    }
  }

  function sayFinding(estimate: number | undefined, degree: string): string {
    const ratio = estimate === undefined ? 'unknown' : sayRatio(estimate)
    return `canary p95 is ${ratio} stable's (${sayBoth()}); slower than ${sayRatio(guard.marginRatio)} ${degree}`
  }

  function sayBoth(): string {
    return `canary ${sayMs(readP95('canary').p95Ms)}, stable ${sayMs(readP95('stable').p95Ms)} over the last minute`
  }

  function readP95(arm: 'stable' | 'canary'): { p95Ms?: number } {
    const p95Ms = quantileMs(rolling.readNewest(arm, WINDOW_SLOTS), 0.95)
    return p95Ms === undefined ? {} : { p95Ms }
  }

  return { observe, judge }
}

/** `from[b]` becomes the number of requests in bucket b and above. */
function sumFromTop(from: Float64Array, latency: ArrayLike<number>): void {
  let sum = 0
  for (let bucket = LATENCY_BUCKETS - 1; bucket >= 0; bucket--) {
    sum += latency[bucket]!
    from[bucket] = sum
  }
}
