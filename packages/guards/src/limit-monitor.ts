import { anytimeInterval, informationOfShare } from './anytime-interval.ts'
import { BETS, writeCosts, writeGains } from './bets.ts'
import type { ArmName } from './counts.ts'
import { bucketOf, quantileMs } from './latency-histogram.ts'
import type { Monitor } from './monitor.ts'
import { createProjection } from './projection.ts'
import { QUANTILE_CONFIDENCE, quantileInterval } from './quantile-interval.ts'
import { createRollingLatency, WINDOW_SLOTS } from './rolling-latency.ts'
import { readNumbers, saveNumbers } from './saved-numbers.ts'
import type { MaxErrorRateGuard, MaxLatencyGuard } from './statistical-guards.ts'
import { type Decided, readDecision, type Verdict } from './verdict.ts'
import { createWealth } from './wealth.ts'
import { sayCounts, sayMs, sayNumber, sayPercent, saySeconds } from './wording.ts'

/** The usual level; it is for people only. */
const INTERVAL_CONFIDENCE = 0.95

/**
 * Watches the claim "at most this share of canary requests is bad", where bad means failed or slower than a limit:
 * "p95 over 5 s" is "more than 5 % of requests over 5 s".
 */
export function createLimitMonitor(
  guard: MaxErrorRateGuard | MaxLatencyGuard,
  alpha: number,
): Monitor {
  const allowedShare = guard.kind === 'max_error_rate' ? guard.ratio : 1 - guard.quantile
  const clusterSize = guard.kind === 'max_error_rate' ? guard.clusterSize : 1
  const wealth = createWealth(BETS, alpha)
  const projection = createProjection()
  const rolling = guard.kind === 'max_latency' ? createRollingLatency() : undefined
  const limitBucket = guard.kind === 'max_latency' ? bucketOf(guard.ms) : 0
  const costs = writeCosts(new Float64Array(BETS), allowedShare)
  const threshold = -Math.log(alpha)
  const stable = { requests: 0, errors: 0 }
  const canary = { requests: 0, errors: 0 }
  let hits = 0
  let trials = 0
  let dataAt = Number.NaN
  let decided: Decided | undefined

  const observe: Monitor['observe'] = (tick, views) => {
    const newTrials = rolling ? views.canary.from[0]! : tick.canary.requests
    if (rolling) {
      rolling.advance(tick.at)
      rolling.add('stable', views.stable)
      rolling.add('canary', views.canary)
    }
    if (newTrials === 0) return
    const newHits = rolling ? views.canary.from[limitBucket + 1]! : tick.canary.errors
    wealth.open(tick.at, hits, trials)
    // A mean of as many e-values as hits of one cause: by convexity the whole gain may be divided by them.
    writeGains(wealth.gains, 0, newHits / clusterSize, newTrials / clusterSize, costs)
    wealth.settle()
    hits += newHits
    trials += newTrials
    stable.requests += tick.stable.requests
    stable.errors += tick.stable.errors
    canary.requests += tick.canary.requests
    canary.errors += tick.canary.errors
    dataAt = tick.at
    if (projection.isDue(tick.at)) projection.note(tick.at, readShare())
    if (decided !== undefined || !wealth.isRejected() || hits < guard.minErrors) return
    // What was beyond chance before enough were bad may be long over by then.
    const badShare = readBadShare()
    if (badShare <= allowedShare) return
    decided = { at: tick.at, because: `${sayFinding(badShare)} beyond chance` }
  }

  function readShare(): number {
    return wealth.isRejected() ? 1 : wealth.readLog() / threshold
  }

  /** The share of bad requests: since the trouble began once something speaks against the canary. */
  function readBadShare(): number {
    return wealth.readLog() > 0 ? wealth.ratioSince(hits, trials) : hits / trials
  }

  function judge(): Verdict {
    const share = readShare()
    const badShare = readBadShare()
    const seconds = decided ? undefined : projection.readSeconds(dataAt, share)
    return {
      guard: guard.name,
      kind: guard.kind,
      ...decideOutcome(share, badShare, seconds),
      estimate:
        guard.kind === 'max_latency'
          ? readQuantile('canary', guard.quantile)
          : trials === 0
            ? undefined
            : badShare,
      ...readInterval(),
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

  /** Of the whole rollout's error ratio, or of the last minute's quantile. */
  function readInterval(): Pick<Verdict, 'interval' | 'intervalConfidence'> {
    if (rolling && guard.kind === 'max_latency') {
      const { quantile } = guard
      const interval = quantileInterval(rolling.readNewest('canary', WINDOW_SLOTS), quantile)
      return interval === undefined ? {} : { interval, intervalConfidence: QUANTILE_CONFIDENCE }
    }
    if (hits === 0) return {}
    const information = informationOfShare(hits, trials) / clusterSize
    const [low, high] = anytimeInterval(hits / trials, information, INTERVAL_CONFIDENCE)
    return { interval: [low, Math.min(1, high)], intervalConfidence: INTERVAL_CONFIDENCE }
  }

  function decideOutcome(
    share: number,
    badShare: number,
    seconds: number | undefined,
  ): Pick<Verdict, 'outcome' | 'consequence' | 'because' | 'next' | 'basis'> {
    const { consequence, minRequests, minErrors } = guard
    const waits = (because: string, next: string) =>
      ({ outcome: 'inconclusive', consequence, because, next }) as const
    if (decided) {
      const next = 'nothing: a failure once decided stands'
      return { outcome: 'fail', consequence, because: decided.because, next }
    }
    if (trials === 0) return waits('no canary requests yet', 'canary requests')
    const finding = sayFinding(badShare)
    const lacking = hits < minErrors ? `${minErrors - hits} more bad requests` : undefined
    if (wealth.isRejected()) {
      return lacking === undefined
        ? waits(
            `${finding} by now; before, beyond chance over it`,
            `over ${sayPercent(allowedShare)} again: then ${consequence}`,
          )
        : waits(`${finding} beyond chance`, lacking)
    }
    if (share > 0) {
      return waits(
        `${finding} with ${sayPercent(share)} of the evidence a failure needs`,
        `as bad as this, it fails ${saySeconds(seconds)}${lacking ? ` and ${lacking}` : ''}; within the limit, the evidence melts away`,
      )
    }
    if (trials < minRequests) {
      return waits(
        `fewer than ${sayNumber(minRequests)} canary requests (${sayNumber(trials)})`,
        `${sayNumber(minRequests - trials)} more canary requests`,
      )
    }
    const limit = sayPercent(allowedShare)
    if (badShare >= allowedShare) return waits(`${finding} by estimate`, `less than ${limit}`)
    return {
      ...{ outcome: 'pass', consequence, basis: 'estimate' },
      because: `${finding} by estimate`,
      next: `more than ${limit} of bad requests`,
    }
  }

  function sayFinding(badShare: number): string {
    const side = badShare > allowedShare ? 'over' : badShare < allowedShare ? 'under' : 'at'
    return guard.kind === 'max_error_rate'
      ? `canary error ratio ${sayPercent(badShare)} (${sayCounts(hits, trials)}) is ${side} ${sayPercent(allowedShare)}`
      : `${sayPercent(badShare)} of canary requests took over ${sayMs(guard.ms)}, ${side} the ${sayPercent(allowedShare)} that a p${trimQuantile(guard.quantile)} allows,`
  }

  function readQuantile(arm: ArmName, quantile: number): number | undefined {
    return rolling && quantileMs(rolling.readNewest(arm, WINDOW_SLOTS), quantile)
  }

  function readP95(arm: ArmName): { p95Ms?: number } {
    const p95Ms = readQuantile(arm, 0.95)
    return p95Ms === undefined ? {} : { p95Ms }
  }

  function save() {
    const totals = [stable.requests, stable.errors, canary.requests, canary.errors]
    return {
      ...{
        wealth: wealth.save(),
        projection: projection.save(),
        rolling: rolling?.save(),
        decided,
      },
      numbers: saveNumbers([...totals, hits, trials, dataAt]),
    }
  }

  const restore: Monitor['restore'] = (saved) => {
    wealth.restore(saved.wealth)
    projection.restore(saved.projection)
    rolling?.restore(saved.rolling)
    decided = readDecision(saved.decided)
    const numbers = readNumbers(saved.numbers, 7)
    stable.requests = numbers[0]!
    stable.errors = numbers[1]!
    canary.requests = numbers[2]!
    canary.errors = numbers[3]!
    hits = numbers[4]!
    trials = numbers[5]!
    dataAt = numbers[6]!
  }

  const findDemand = () => (decided === undefined ? undefined : guard.consequence)

  return { observe, judge, findDemand, save, restore }
}

function trimQuantile(quantile: number): string {
  return String(Number((quantile * 100).toPrecision(4)))
}
