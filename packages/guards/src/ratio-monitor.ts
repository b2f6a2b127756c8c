import { anytimeInterval } from './anytime-interval.ts'
import { BETS, shareAt, writeCosts, writeGains } from './bets.ts'
import type { Consequence } from './guard.ts'
import { createMarginProof } from './margin-proof.ts'
import type { Monitor } from './monitor.ts'
import { createProjection } from './projection.ts'
import { describeRatio, type RatioFinding } from './ratio-outcome.ts'
import { ratioSubject } from './ratio-subject.ts'
import { readNumbers, restoreNumbers, saveNumbers } from './saved-numbers.ts'
import type { CustomGuard, ErrorRateGuard } from './statistical-guards.ts'
import { type Decided, readDecision, type Verdict } from './verdict.ts'
import { createWealth } from './wealth.ts'

/**
 * Watches two claims: "the canary's error ratio is at most the margin times stable's" and "it is at most the floor". The
 * canary is healthy while either holds, and which one does may change: under the floor by night, inside the margin while
 * something fails that both arms need. So evidence against the one must not be put by until the other falls: from one
 * start to the next (30 s) each bet wins only the lesser of what it won against either claim. Whichever claim is true in
 * that time, its own bet bounds the winnings, so a failure errs with probability at most alpha.
 *
 * The ratio is Mantel–Haenszel's: every tick compares the arms at one moment, so neither a moving split nor a moving
 * rate can make a difference that is not there.
 *
 * What is said of the canary's errors goes for any events of which there may be too many; where there may be too few,
 * the arms change places. In the code the `suspect` is the arm that may have too many.
 */
export function createRatioMonitor(guard: ErrorRateGuard | CustomGuard, alpha: number): Monitor {
  const subject = ratioSubject(guard)
  const { isHigherBetter, floorRatio } = subject
  const suspectName = isHigherBetter ? 'stable' : 'canary'
  const otherName = isHigherBetter ? 'canary' : 'stable'
  const wealth = createWealth(BETS, alpha)
  const proof = createMarginProof(guard.marginRatio, guard.confidence)
  const projection = createProjection()
  const threshold = -Math.log(alpha)
  const relativeCosts = new Float64Array(BETS)
  const floorCosts = writeCosts(new Float64Array(BETS), floorRatio)
  const gains = new Float64Array(2 * BETS) // this tick's: against the margin, then against the floor
  const sums = new Float64Array(2 * BETS) // the same since the last start
  const counted = new Float64Array(BETS) // the lesser of both sums, as far as it is in the wealth
  const stable = { requests: 0, errors: 0 }
  const canary = { requests: 0, errors: 0 }
  const arms = { stable, canary }
  let suspectWeight = 0 // Σ x_c n_s / n
  let otherWeight = 0 // Σ x_s n_c / n
  // Robins, Breslow and Greenland's variance: Σ n_c n_s (x_c + x_s) / n², less Σ x_c x_s / n where a request is one event at most.
  let spread = 0
  let overlap = 0
  let weight = 1
  let dataAt = Number.NaN
  let decided: Decided | undefined

  const observe: Monitor['observe'] = (tick) => {
    const suspect = tick[suspectName]
    const other = tick[otherName]
    if (suspect.requests === 0 || other.requests === 0 || !subject.isKnown(tick)) return
    weight = subject.weight(tick)
    const suspectRequests = suspect.requests * weight
    const otherRequests = other.requests
    const suspectHits = subject.hits(suspect, other)
    const otherHits = subject.hits(other, suspect)

    if (wealth.open(tick.at, suspectWeight, otherWeight)) {
      sums.fill(0)
      counted.fill(0)
    }
    bet(suspectHits, otherHits, suspectRequests, otherRequests)
    // Without the weight, an upper bound of what its users do by themselves: it would prove what is not so.
    const { clusterSize } = guard
    proof.observe(
      suspectHits / clusterSize,
      otherHits / clusterSize,
      suspect.requests,
      otherRequests,
    )

    const requests = suspectRequests + otherRequests
    suspectWeight += (suspectHits * otherRequests) / requests
    otherWeight += (otherHits * suspectRequests) / requests
    spread += (suspectRequests * otherRequests * (suspectHits + otherHits)) / requests ** 2
    if (subject.isOncePerRequest) overlap += (suspectHits * otherHits) / requests
    arms[suspectName].requests += suspect.requests
    arms[suspectName].errors += suspectHits
    arms[otherName].requests += otherRequests
    arms[otherName].errors += otherHits
    dataAt = tick.at

    if (projection.isDue(tick.at)) projection.note(tick.at, readShare())
    if (decided === undefined && wealth.isRejected()) decide(tick.at)
  }

  function bet(hits: number, otherHits: number, requests: number, otherRequests: number): void {
    writeCosts(relativeCosts, shareAt(guard.marginRatio, requests, otherRequests))
    writeGains(gains, 0, hits, hits + otherHits, relativeCosts)
    if (floorRatio === 0) {
      for (let k = 0; k < BETS; k++) wealth.gains[k] = gains[k]! / guard.clusterSize
    } else {
      writeGains(gains, BETS, hits, requests, floorCosts)
      for (let k = 0; k < BETS; k++) {
        sums[k]! += gains[k]!
        sums[BETS + k]! += gains[BETS + k]!
        const lesser = Math.min(sums[k]!, sums[BETS + k]!)
        // A mean of as many e-values as errors of one cause: by convexity the whole gain may be divided by them.
        wealth.gains[k] = (lesser - counted[k]!) / guard.clusterSize
        counted[k] = lesser
      }
    }
    wealth.settle()
  }

  function decide(at: number): void {
    const estimate = wealth.ratioSince(suspectWeight, otherWeight)
    if (!(estimate >= guard.rollbackRatio) || arms[suspectName].errors < guard.minErrors) return
    const finding = { ...readFinding(), estimate, isRollback: true }
    const { because } = describeRatio(guard, subject, finding)
    // Without an event in the other arm the ratio is infinite, of which JSON knows nothing.
    decided = { at, because, ...(Number.isFinite(estimate) ? { estimate } : {}) }
  }

  function readShare(): number {
    return wealth.isRejected() ? 1 : wealth.readLog() / threshold
  }

  function readFinding(): RatioFinding {
    const share = readShare()
    const overall = suspectWeight / otherWeight
    return {
      ...{ share, decided, stable, canary, weight, suspect: arms[suspectName] },
      estimate:
        decided !== undefined
          ? (decided.estimate ?? Number.POSITIVE_INFINITY)
          : share > 0
            ? wealth.ratioSince(suspectWeight, otherWeight)
            : overall,
      provenRatio: proof.readProvenRatio(),
      isRejected: wealth.isRejected(),
      isRollback: decided !== undefined,
      seconds: decided ? undefined : projection.readSeconds(dataAt, share),
    }
  }

  function judge(): Verdict {
    const finding = readFinding()
    const { share, estimate, provenRatio, seconds } = finding
    return {
      guard: guard.name,
      kind: guard.kind,
      ...describeRatio(guard, subject, finding),
      estimate: toFinite(toCanary(estimate)),
      ...readInterval(),
      ...(provenRatio === undefined
        ? {}
        : { provenMargin: provenRatio - 1, provenConfidence: guard.confidence }),
      evidence: Math.min(1, Math.max(0, share)),
      evidenceLog: wealth.readLog(),
      counts: { stable: { ...stable }, canary: { ...canary } },
      ...(Number.isNaN(dataAt) ? {} : { dataAt }),
      ...(decided === undefined ? {} : { decidedAt: decided.at }),
      ...(seconds === undefined ? {} : { secondsToDecision: seconds }),
    }
  }

  /** The ratio as canary to stable, whichever of them is the suspect. */
  function toCanary(ratio: number): number {
    return isHigherBetter ? 1 / ratio : ratio
  }

  /** Of the whole rollout's ratio. */
  function readInterval(): Pick<Verdict, 'interval' | 'intervalConfidence'> {
    if (!(suspectWeight > 0 && otherWeight > 0)) return {}
    // Where every request is an event there is no variance left: that a few were is no certainty.
    const least = spread / (2 + Math.min(stable.requests, canary.requests))
    const variance = Math.max(spread - overlap, least) * guard.clusterSize
    const information = (suspectWeight * otherWeight) / variance
    const ratio = toCanary(suspectWeight / otherWeight)
    return {
      interval: anytimeInterval(ratio, information, guard.confidence),
      intervalConfidence: guard.confidence,
    }
  }

  function findDemand(): Consequence | undefined {
    if (decided !== undefined) return guard.consequence
    if (!wealth.isRejected() || arms[suspectName].errors < guard.minErrors) return undefined
    return guard.consequence === 'warn' ? 'warn' : 'hold'
  }

  function save() {
    const totals = [stable.requests, stable.errors, canary.requests, canary.errors]
    return {
      ...{ wealth: wealth.save(), proof: proof.save(), projection: projection.save(), decided },
      ...{ sums: saveNumbers(sums), counted: saveNumbers(counted) },
      numbers: saveNumbers([
        ...totals,
        ...[suspectWeight, otherWeight, spread, overlap, weight, dataAt],
      ]),
    }
  }

  const restore: Monitor['restore'] = (saved) => {
    wealth.restore(saved.wealth)
    proof.restore(saved.proof)
    projection.restore(saved.projection)
    decided = readDecision(saved.decided)
    restoreNumbers(sums, saved.sums)
    restoreNumbers(counted, saved.counted)
    const numbers = readNumbers(saved.numbers, 10)
    stable.requests = numbers[0]!
    stable.errors = numbers[1]!
    canary.requests = numbers[2]!
    canary.errors = numbers[3]!
    suspectWeight = numbers[4]!
    otherWeight = numbers[5]!
    spread = numbers[6]!
    overlap = numbers[7]!
    weight = numbers[8]!
    dataAt = numbers[9]!
  }

  return { observe, judge, findDemand, save, restore }
}

function toFinite(ratio: number): number | undefined {
  return Number.isFinite(ratio) ? ratio : undefined
}
