import type { LatencySubject } from './latency-subject.ts'
import type { CustomGuard, LatencyGuard } from './statistical-guards.ts'
import type { ArmSummary, Decided, Verdict } from './verdict.ts'
import { sayNumber, sayPercent, sayRatio, saySeconds } from './wording.ts'

/** What a latency monitor knows at one moment. */
export interface LatencyFinding {
  /** Evidence as a share of what a failure needs; below zero the data speak for the canary. */
  readonly share: number
  /** Suspect to other arm: of the newest seconds or the last minute, whichever is worse, where there is trouble. */
  readonly estimate: number | undefined
  /** Of the last minute. */
  readonly values: { readonly stable: number | undefined; readonly canary: number | undefined }
  readonly isProven: boolean
  /** The stable arm's levels are not known yet. */
  readonly isLearning: boolean
  readonly isRejected: boolean
  /** So many more values before it may fail. */
  readonly lackingValues: number
  readonly isRollback: boolean
  readonly decided: Decided | undefined
  readonly seconds: number | undefined
  readonly stable: ArmSummary
  readonly canary: ArmSummary
}

type Outcome = Pick<Verdict, 'outcome' | 'consequence' | 'because' | 'next' | 'basis'>

/** What a finding means, and in which words. */
export function describeLatency(
  guard: LatencyGuard | CustomGuard,
  subject: LatencySubject,
  finding: LatencyFinding,
): Outcome {
  const { share, estimate, values, decided, stable, canary } = finding
  const { consequence, marginRatio, rollbackRatio, minRequests, confidence } = guard
  const { noun, plural, worse, isHigherBetter, say } = subject
  const both = `canary ${say(values.canary)}, stable ${say(values.stable)} over the last minute`
  const sayTimes = (ratio: number) => sayRatio(isHigherBetter ? 1 / ratio : ratio)
  const sayNow = estimate === undefined ? 'unknown' : sayTimes(estimate)
  const sayFinding = (degree: string) =>
    `canary ${noun} is ${sayNow} stable's (${both}); ${worse} ${sayTimes(marginRatio)} ${degree}`
  const waits = (because: string, next: string): Outcome => ({
    ...{ outcome: 'inconclusive', consequence, because, next },
  })

  if (decided) {
    const next = 'nothing: a failure once decided stands'
    return { outcome: 'fail', consequence, because: decided.because, next }
  }
  if (finding.isRejected && finding.lackingValues > 0) {
    const lacking = `${sayNumber(finding.lackingValues)} more ${plural}`
    return waits(sayFinding('beyond chance, in few of them'), lacking)
  }
  if (finding.isRejected) {
    const side = isHigherBetter ? 'over' : 'under'
    const limit = finding.isRollback ? '' : ` but ${side} ${sayTimes(rollbackRatio)}`
    return {
      outcome: 'fail',
      consequence: finding.isRollback || consequence === 'warn' ? consequence : 'hold',
      because: sayFinding(`beyond chance${limit}`),
      next: `a person's decision, or ${sayTimes(rollbackRatio)}: then ${consequence}`,
    }
  }
  if (canary.requests === 0) {
    return waits(`no ${plural} on both arms at the same time yet`, `${plural} on both arms`)
  }
  if (finding.isLearning) {
    return waits(`learning the usual ${plural} for ten seconds`, `ten seconds of ${plural}`)
  }
  if (share > 0) {
    return waits(
      sayFinding(`with ${sayPercent(share)} of the evidence a failure needs`),
      `as bad as this, it fails ${saySeconds(finding.seconds)}; inside ${sayTimes(marginRatio)}, the evidence melts away`,
    )
  }
  const passes = (basis: 'estimate' | 'proven', because: string): Outcome => ({
    ...{ outcome: 'pass', consequence, basis, because },
    next: `${plural} ${worse} ${sayTimes(marginRatio)} stable's`,
  })
  if (finding.isProven) {
    const bound = isHigherBetter ? 'at least' : 'at most'
    return passes(
      'proven',
      `canary ${plural} are ${bound} ${sayTimes(marginRatio)} stable's at ${sayPercent(confidence)} confidence (${both})`,
    )
  }
  if (canary.requests < minRequests || stable.requests < minRequests) {
    const counts = `canary ${sayNumber(canary.requests)}, stable ${sayNumber(stable.requests)}`
    const lacking = minRequests - Math.min(canary.requests, stable.requests)
    return waits(
      `fewer than ${sayNumber(minRequests)} requests on an arm (${counts})`,
      `${sayNumber(lacking)} more requests`,
    )
  }
  if (estimate === undefined)
    return waits(`no canary ${plural} in the last minute`, `canary ${plural}`)
  if (estimate >= marginRatio) {
    return waits(
      `canary ${noun} is ${sayNow} stable's (${both})`,
      `a ${noun} inside ${sayTimes(marginRatio)}`,
    )
  }
  return passes('estimate', `canary ${noun} is ${sayNow} stable's by estimate (${both})`)
}
