import { SluiceError } from '@sluice/core'
import { claimsAlpha, errorRate, type Guard, latency, sharesAlpha } from '@sluice/guards'
import { shareOfAlpha } from '../evidence/judge.ts'

/** The traffic that a plan will meet. */
export interface ForecastTraffic {
  /** Over both arms and all processes, above 0. */
  readonly requestsPerSecond: number
  /** How many of the requests fail with the version in service: above 0 and below 1. */
  readonly baselineErrorRatio: number
  /** Asks for the latencies to be forecast, too. In ms, above 0. */
  readonly baselineP95Ms?: number
  /** Default: `errorRate()`, and `latency()` where a p95 is given. */
  readonly guards?: readonly Guard[]
  /** The rollout's. Default 0.01. */
  readonly alpha?: number
  /** Over how many guards alpha is split. Default: over those of `guards` that claim a part of it. */
  readonly guardsSharing?: number
}

/** A guard with the part of alpha that it may spend. */
export interface FundedGuard {
  readonly guard: Guard
  readonly alpha: number
}

/** {@link ForecastTraffic} with everything said. */
export interface CheckedTraffic {
  readonly requestsPerSecond: number
  readonly baselineErrorRatio: number
  readonly baselineP95Ms: number | undefined
  /** Compositions are taken apart. */
  readonly guards: readonly FundedGuard[]
}

/** @throws SluiceError `invalid_option`, naming the option, what was expected and what was found. */
export function checkTraffic(traffic: ForecastTraffic): CheckedTraffic {
  const {
    requestsPerSecond,
    baselineErrorRatio,
    baselineP95Ms,
    alpha = 0.01,
  } = Object(traffic) as ForecastTraffic
  requireWithin('requestsPerSecond', requestsPerSecond, Infinity)
  requireWithin('baselineErrorRatio', baselineErrorRatio, 1)
  if (baselineP95Ms !== undefined) requireWithin('baselineP95Ms', baselineP95Ms, Infinity)
  requireWithin('alpha', alpha, 1)
  const { guards = defaultGuards(baselineP95Ms) } = traffic
  if (!Array.isArray(guards)) throw refuse('guards', 'a list of guards', guards)
  const { guardsSharing = guards.filter(sharesAlpha).length } = traffic
  if (guardsSharing !== 0) requireWithin('guardsSharing', guardsSharing, Infinity)
  // A rollout that no crash disturbs is judged by one process from its start to its end.
  const first = shareOfAlpha(alpha, 1)
  return {
    ...{ requestsPerSecond, baselineErrorRatio, baselineP95Ms },
    guards: guards.flatMap((guard) =>
      fund(guard, sharesAlpha(guard) ? first / Math.max(1, guardsSharing) : first),
    ),
  }
}

function defaultGuards(baselineP95Ms: number | undefined): readonly Guard[] {
  return baselineP95Ms === undefined ? [errorRate()] : [errorRate(), latency()]
}

function partsOf(guard: Guard): readonly Guard[] | undefined {
  return (guard as { guards?: readonly Guard[] }).guards
}

/** The parts of `all` split its alpha; those of `any` have all of it each. */
function fund(guard: Guard, alpha: number): readonly FundedGuard[] {
  const parts = partsOf(guard)
  if (parts === undefined) return [{ guard, alpha }]
  const splits = (guard.kind as string) === 'all' ? parts.filter(claimsAlpha).length : 1
  return parts.flatMap((part) => fund(part, alpha / Math.max(1, splits)))
}

function requireWithin(option: string, value: unknown, below: number): void {
  if (typeof value === 'number' && value > 0 && value < below) return
  throw refuse(
    option,
    below === Infinity ? 'a finite number above 0' : `a number above 0 and below ${below}`,
    value,
  )
}

function refuse(option: string, expected: string, found: unknown): SluiceError {
  return new SluiceError(
    'invalid_option',
    `forecast: ${option} must be ${expected}; found ${String(found)}.`,
  )
}
