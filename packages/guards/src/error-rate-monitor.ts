import { BETS, shareAt, writeCosts, writeGains } from './bets.ts'
import type { ErrorRateGuard } from './guard.ts'
import { createMarginProof } from './margin-proof.ts'
import type { Monitor } from './monitor.ts'
import { createProjection } from './projection.ts'
import type { Verdict } from './verdict.ts'
import { createWealth } from './wealth.ts'
import { sayCounts, sayNumber, sayPercent, sayRatio } from './wording.ts'

/**
 * Watches two claims: "the canary's error ratio is at most the margin times stable's" and "it is at most the floor". The
 * canary is healthy while either holds, and which one does may change: under the floor by night, inside the margin while
 * something fails that both arms need. So evidence against the one must not be put by until the other falls: from one
 * start to the next (30 s) each bet wins only the lesser of what it won against either claim. Whichever claim is true in
 * that time, its own bet bounds the winnings, so a failure errs with probability at most alpha.
 *
 * The ratio is Mantel–Haenszel's: every tick compares the arms at one moment, so neither a moving split nor a moving
 * rate can make a difference that is not there.
 */
export function createErrorRateMonitor(guard: ErrorRateGuard, alpha: number): Monitor {
  const wealth = createWealth(BETS, alpha)
  const proof = createMarginProof(guard.marginRatio, guard.confidence)
  const projection = createProjection()
  const threshold = -Math.log(alpha)
  const relativeCosts = new Float64Array(BETS)
  const floorCosts = writeCosts(new Float64Array(BETS), guard.floorRatio)
  const gains = new Float64Array(2 * BETS) // this tick's: against the margin, then against the floor
  const sums = new Float64Array(2 * BETS) // the same since the last start
  const counted = new Float64Array(BETS) // the lesser of both sums, as far as it is in the wealth
  const stable = { requests: 0, errors: 0 }
  const canary = { requests: 0, errors: 0 }
  let canaryWeight = 0 // Σ x_c n_s / n
  let stableWeight = 0 // Σ x_s n_c / n
  let dataAt = Number.NaN
  let decided: { at: number; because: string; estimate: number } | undefined

  const observe: Monitor['observe'] = (tick) => {
    const canaryRequests = tick.canary.requests
    const stableRequests = tick.stable.requests
    if (canaryRequests === 0 || stableRequests === 0) return
    const canaryErrors = tick.canary.errors
    const stableErrors = tick.stable.errors

    if (wealth.open(tick.at, canaryWeight, stableWeight)) {
      sums.fill(0)
      counted.fill(0)
    }
    writeCosts(relativeCosts, shareAt(guard.marginRatio, canaryRequests, stableRequests))
    writeGains(gains, 0, canaryErrors, canaryErrors + stableErrors, relativeCosts)
    writeGains(gains, BETS, canaryErrors, canaryRequests, floorCosts)
    for (let bet = 0; bet < BETS; bet++) {
      sums[bet]! += gains[bet]!
      sums[BETS + bet]! += gains[BETS + bet]!
      const lesser = Math.min(sums[bet]!, sums[BETS + bet]!)
      wealth.gains[bet] = lesser - counted[bet]!
      counted[bet] = lesser
    }
    wealth.settle()
    proof.observe(canaryErrors, stableErrors, canaryRequests, stableRequests)

    const requests = canaryRequests + stableRequests
    canaryWeight += (canaryErrors * stableRequests) / requests
    stableWeight += (stableErrors * canaryRequests) / requests
    canary.requests += canaryRequests
    canary.errors += canaryErrors
    stable.requests += stableRequests
    stable.errors += stableErrors
    dataAt = tick.at

    if (projection.isDue(tick.at)) projection.note(tick.at, readShare())
    if (decided === undefined && wealth.isRejected()) decide(tick.at)
  }

  function decide(at: number): void {
    const estimate = wealth.ratioSince(canaryWeight, stableWeight)
    if (!(estimate >= guard.rollbackRatio) || canary.errors < guard.minErrors) return
    decided = {
      at,
      estimate,
      because: `canary errors are now ${sayRatio(estimate)} stable's (${sayBoth()}), more than ${sayRatio(guard.marginRatio)} beyond chance`,
    }
  }

  function readShare(): number {
    return wealth.isRejected() ? 1 : wealth.readLog() / threshold
  }

  function judge(): Verdict {
    const share = readShare()
    const speaksAgainst = share > 0
    const overall = canaryWeight / stableWeight
    const estimate =
      decided?.estimate ?? (speaksAgainst ? wealth.ratioSince(canaryWeight, stableWeight) : overall)
    const provenRatio = proof.readProvenRatio()
    const seconds = decided ? undefined : projection.readSeconds(dataAt, share)
    return {
      guard: guard.name,
      kind: guard.kind,
      ...decideOutcome(share, estimate, provenRatio),
      estimate: Number.isFinite(estimate) ? estimate : undefined,
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

  function decideOutcome(
    share: number,
    estimate: number,
    provenRatio: number | undefined,
  ): Pick<Verdict, 'outcome' | 'consequence' | 'because' | 'basis'> {
    const { consequence, marginRatio, rollbackRatio, minErrors, minRequests } = guard
    const waits = (because: string) => ({ outcome: 'inconclusive', consequence, because }) as const
    if (decided) return { outcome: 'fail', consequence, because: decided.because }
    if (wealth.isRejected()) {
      if (canary.errors < minErrors)
        return waits(`only ${canary.errors} canary errors (${sayBoth()})`)
      return {
        outcome: 'fail',
        consequence: consequence === 'warn' ? 'warn' : 'hold',
        because: `canary errors are now ${sayRatio(estimate)} stable's (${sayBoth()}), more than ${sayRatio(marginRatio)} beyond chance but under ${sayRatio(rollbackRatio)}`,
      }
    }
    if (canary.requests === 0) return waits('no requests on both arms at the same time yet')
    if (share > 0) {
      return waits(
        `canary errors now look like ${sayRatio(estimate)} stable's (${sayBoth()}); ${sayPercent(share)} of the evidence a failure needs`,
      )
    }
    if (provenRatio !== undefined && provenRatio <= marginRatio) {
      return {
        outcome: 'pass',
        consequence,
        basis: 'proven',
        because: `canary errors are at most ${sayRatio(provenRatio)} stable's at ${sayPercent(guard.confidence)} confidence (${sayBoth()})`,
      }
    }
    if (canary.requests < minRequests || stable.requests < minRequests) {
      return waits(`fewer than ${sayNumber(minRequests)} requests on an arm (${sayBoth()})`)
    }
    const hasNoErrors = canary.errors === 0 && stable.errors === 0
    if (!hasNoErrors && !(estimate < marginRatio) && !isUnderFloor()) {
      return waits(`canary errors are ${sayRatio(estimate)} stable's by estimate (${sayBoth()})`)
    }
    const finding = hasNoErrors
      ? 'no errors on either arm'
      : estimate < marginRatio
        ? `canary errors are ${sayRatio(estimate)} stable's by estimate`
        : `canary errors are under the floor of ${sayPercent(guard.floorRatio)}`
    return {
      outcome: 'pass',
      consequence,
      basis: 'estimate',
      because: `${finding} (${sayBoth()})${provenRatio === undefined ? '' : `; at most ${sayRatio(provenRatio)} is proven`}`,
    }
  }

  function isUnderFloor(): boolean {
    return canary.errors <= guard.floorRatio * canary.requests
  }

  function sayBoth(): string {
    return `in all: canary ${sayCounts(canary.errors, canary.requests)}, stable ${sayCounts(stable.errors, stable.requests)}`
  }

  return { observe, judge }
}
