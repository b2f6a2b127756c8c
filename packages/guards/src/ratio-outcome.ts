import type { RatioSubject } from './ratio-subject.ts'
import type { CustomGuard, ErrorRateGuard } from './statistical-guards.ts'
import type { ArmSummary, Decided, Verdict } from './verdict.ts'
import { sayCounts, sayNumber, sayPercent, sayRatio, saySeconds } from './wording.ts'

/** What a ratio monitor knows at one moment. */
export interface RatioFinding {
  /** Evidence as a share of what a failure needs; below zero the data speak for the canary. */
  readonly share: number
  /** Suspect to other arm: since the trouble began where there is any, else of the whole rollout. */
  readonly estimate: number
  readonly provenRatio: number | undefined
  /** How many requests one of the canary's counts for, beside the proof. */
  readonly weight: number
  readonly isRejected: boolean
  /** A rollback was decided, or is being decided now. */
  readonly isRollback: boolean
  readonly decided: Decided | undefined
  readonly seconds: number | undefined
  readonly stable: ArmSummary
  readonly canary: ArmSummary
  /** The arm that may have too many. */
  readonly suspect: ArmSummary
}

type Outcome = Pick<Verdict, 'outcome' | 'consequence' | 'because' | 'next' | 'basis'>

/** What a finding means, and in which words. */
export function describeRatio(
  guard: ErrorRateGuard | CustomGuard,
  subject: RatioSubject,
  finding: RatioFinding,
): Outcome {
  const { share, estimate, provenRatio, decided, stable, canary, suspect } = finding
  const { consequence, marginRatio, rollbackRatio, minErrors, minRequests, confidence } = guard
  const { noun, worse, isHigherBetter } = subject
  const weighed = finding.weight === 1 ? '' : `, weighed ${sayRatio(finding.weight)} for its users`
  const both = `in all: canary ${sayCounts(canary.errors, canary.requests)}${weighed}, stable ${sayCounts(stable.errors, stable.requests)}`
  const sayTimes = (ratio: number) => sayRatio(isHigherBetter ? 1 / ratio : ratio)
  const sayNow = () => `canary ${noun} are now ${sayTimes(estimate)} stable's (${both})`
  const waits = (because: string, next: string): Outcome => ({
    ...{ outcome: 'inconclusive', consequence, because, next },
  })
  const passes = (basis: 'estimate' | 'proven', because: string, next: string): Outcome => ({
    ...{ outcome: 'pass', consequence, basis, because, next },
  })

  if (decided) {
    const next = 'nothing: a failure once decided stands'
    return { outcome: 'fail', consequence, because: decided.because, next }
  }
  if (finding.isRejected) {
    if (suspect.errors < minErrors) {
      const lacking = minErrors - suspect.errors
      return waits(`only ${suspect.errors} ${noun} (${both})`, `${sayNumber(lacking)} more ${noun}`)
    }
    const limit = finding.isRollback
      ? ''
      : ` but ${isHigherBetter ? 'over' : 'under'} ${sayTimes(rollbackRatio)}`
    return {
      outcome: 'fail',
      consequence: finding.isRollback || consequence === 'warn' ? consequence : 'hold',
      because: `${sayNow()}, ${worse} ${sayTimes(marginRatio)} beyond chance${limit}`,
      next: `a person's decision, or ${sayTimes(rollbackRatio)}: then ${consequence}`,
    }
  }
  if (canary.requests === 0) {
    return guard.kind === 'custom'
      ? waits(`no ${noun} counted on both arms at the same time yet`, noun)
      : waits('no requests on both arms at the same time yet', 'requests on both arms')
  }
  if (share > 0) {
    return waits(
      `canary ${noun} now look like ${sayTimes(estimate)} stable's (${both}); ${sayPercent(share)} of the evidence a failure needs`,
      `as bad as this, it fails ${saySeconds(finding.seconds)}; no worse than ${sayTimes(marginRatio)}, the evidence melts away`,
    )
  }
  if (provenRatio !== undefined && provenRatio <= marginRatio) {
    const bound = isHigherBetter ? 'at least' : 'at most'
    return passes(
      'proven',
      `canary ${noun} are ${bound} ${sayTimes(provenRatio)} stable's at ${sayPercent(confidence)} confidence (${both})`,
      `${noun} at ${worse} ${sayTimes(marginRatio)} stable's`,
    )
  }
  if (canary.requests < minRequests || stable.requests < minRequests) {
    const lacking = minRequests - Math.min(canary.requests, stable.requests)
    return waits(
      `fewer than ${sayNumber(minRequests)} requests on an arm (${both})`,
      `${sayNumber(lacking)} more requests`,
    )
  }
  const hasNone = canary.errors === 0 && stable.errors === 0
  const isInside = estimate < marginRatio
  const isUnderFloor = suspect.errors <= subject.floorRatio * suspect.requests
  // Without an event nothing tells whether the application counts them at all; without an error all is well.
  if (hasNone && guard.kind === 'custom') return waits(`no ${noun} on either arm`, `${noun}`)
  if (!hasNone && !isInside && !isUnderFloor) {
    return waits(
      `canary ${noun} are ${sayTimes(estimate)} stable's by estimate (${both})`,
      `an estimate inside ${sayTimes(marginRatio)}`,
    )
  }
  const seen = hasNone
    ? `no ${noun} on either arm`
    : isInside
      ? `canary ${noun} are ${sayTimes(estimate)} stable's by estimate`
      : `canary ${noun} are under the floor of ${sayPercent(subject.floorRatio)}`
  const proven =
    provenRatio === undefined
      ? ''
      : `; ${isHigherBetter ? 'at least' : 'at most'} ${sayTimes(provenRatio)} is proven`
  return passes(
    'estimate',
    `${seen} (${both})${proven}`,
    `${noun} at ${worse} ${sayTimes(marginRatio)} stable's; with more requests a proof in place of the estimate`,
  )
}
