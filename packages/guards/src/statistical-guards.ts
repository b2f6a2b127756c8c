import type { GuardBase } from './guard.ts'
import { validateGuard } from './validate-guard.ts'

/** What guards that judge by counts have. */
interface CountingGuard extends GuardBase {
  /** A pass on an estimate needs this many requests on every arm looked at. Default 100. */
  minRequests: number
}

/** Compares the canary's error ratio with the stable arm's at the same time. */
export interface ErrorRateGuard extends CountingGuard {
  kind: 'error_rate'
  /** Up to this multiple of the stable error ratio the canary counts as healthy. Default 1.1 (the policy's + 10 %). */
  marginRatio: number
  /** From this multiple on a proven failure asks for rollback, below it for hold. Default 1.5 (the policy's + 50 %). */
  rollbackRatio: number
  /** An error ratio (0–1) up to which the canary counts as healthy whatever the stable arm does. Default 0.001. */
  floorRatio: number
  /** Fewer canary errors never roll back. Default 3. */
  minErrors: number
  /** How sure a proven margin is. Default 0.95. */
  confidence: number
  /**
   * What counts as one error: where the source knows units, one a unit and minute, so that a client that retries is
   * one; or each failed request. Default `by_unit`.
   */
  countErrors: 'by_unit' | 'by_request'
  /** The most errors that come of one cause, where units do not tell: evidence is divided by it. Default 1. */
  clusterSize: number
}

/** Compares the canary's latencies with the stable arm's at the same time. */
export interface LatencyGuard extends CountingGuard {
  kind: 'latency'
  /** Up to this multiple of the stable latencies the canary counts as healthy. Default 1.2 (the policy's + 20 %). */
  marginRatio: number
  /** From this ratio of the quantiles on a proven failure asks for rollback, below it for hold. Default 2 (+ 100 %). */
  rollbackRatio: number
  /** Which latencies are compared to find that ratio: a quantile above 0 and below 1, or the mean. Default 0.95. */
  statistic: number | 'mean'
  /** How sure a proven margin is. Default 0.95. */
  confidence: number
}

/** Holds the canary's error ratio under a fixed limit. */
export interface MaxErrorRateGuard extends CountingGuard {
  kind: 'max_error_rate'
  /** The limit, above 0 and below 1: 0.1 is 10 %. */
  ratio: number
  /** Fewer canary errors never fail. Default 3. */
  minErrors: number
  /** The most errors that come of one cause: evidence is divided by it. Default 1. */
  clusterSize: number
}

/** Holds a quantile of the canary's latencies under a fixed limit. */
export interface MaxLatencyGuard extends CountingGuard {
  kind: 'max_latency'
  /** The limit in ms, 0.25 … 15,800; it takes effect at the upper bound of its bucket, at most 3.7 % above. */
  ms: number
  /** Which quantile may not exceed it, above 0 and below 1. Default 0.95. */
  quantile: number
  /** Fewer canary requests over the limit never fail. Default 3. */
  minErrors: number
}

/** Compares how often something of the application's own happens in both arms: sign-ups, purchases, refunds. */
export interface CustomGuard extends CountingGuard {
  kind: 'custom'
  /** Which of the counted series; see `recorder.track`. */
  series: string
  /** What is compared: how many events come of a request, or how large the events' values are. Default `count`. */
  of: 'count' | 'value'
  better: 'higher' | 'lower'
  /** How many times worse than stable the canary may be and still count as healthy. Default 1.1. */
  marginRatio: number
  /** From how many times worse on a proven failure asks for rollback, below it for hold. Default 1.5. */
  rollbackRatio: number
  /** Fewer events in the arm that has more never fail. Default 10. */
  minErrors: number
  /** How sure a proven margin is. Default 0.95. */
  confidence: number
  /** The most events that come of one cause: evidence is divided by it. Default 1. */
  clusterSize: number
}

/** What may be said of a guard: everything but its kind. */
type Options<G> = Partial<Omit<G, 'kind'>>

/**
 * Fails when the canary's error ratio is proven worse than 1.1 × the stable arm's, and worse than the floor.
 *
 * @throws SluiceError `invalid_guard` when a number is out of range.
 */
export function errorRate(options: Options<ErrorRateGuard> = {}): ErrorRateGuard {
  return validateGuard({
    kind: 'error_rate',
    name: 'error_rate',
    consequence: 'rollback',
    marginRatio: 1.1,
    rollbackRatio: 1.5,
    floorRatio: 0.001,
    minErrors: 3,
    minRequests: MIN_REQUESTS,
    confidence: CONFIDENCE,
    countErrors: 'by_unit',
    clusterSize: 1,
    ...options,
  })
}

/**
 * Fails when the canary is proven slower than 1.2 × the stable arm.
 *
 * @throws SluiceError `invalid_guard` when a number is out of range.
 */
export function latency(options: Options<LatencyGuard> = {}): LatencyGuard {
  return validateGuard({
    kind: 'latency',
    name: 'latency',
    consequence: 'rollback',
    marginRatio: 1.2,
    rollbackRatio: 2,
    statistic: 0.95,
    minRequests: MIN_REQUESTS,
    confidence: CONFIDENCE,
    ...options,
  })
}

/**
 * Fails when the canary's error ratio is proven above a limit, with or without a stable arm beside it.
 *
 * @throws SluiceError `invalid_guard` when a number is out of range.
 */
export function maxErrorRate(
  options: Options<MaxErrorRateGuard> & { ratio: number },
): MaxErrorRateGuard {
  return validateGuard({
    kind: 'max_error_rate',
    name: 'max_error_rate',
    consequence: 'rollback',
    minErrors: 3,
    minRequests: MIN_REQUESTS,
    clusterSize: 1,
    ...options,
  })
}

/**
 * Fails when a quantile of the canary's latencies is proven above a limit.
 *
 * @throws SluiceError `invalid_guard` when a number is out of range.
 */
export function maxLatency(options: Options<MaxLatencyGuard> & { ms: number }): MaxLatencyGuard {
  return validateGuard({
    kind: 'max_latency',
    name: 'max_latency',
    consequence: 'rollback',
    quantile: 0.95,
    minErrors: 3,
    minRequests: MIN_REQUESTS,
    ...options,
  })
}

/**
 * Fails when something of the application's own is proven to happen less often in the canary than in the stable arm,
 * or more often where lower is better.
 *
 * @throws SluiceError `invalid_guard` when a number is out of range.
 */
export function custom(
  options: Options<CustomGuard> & Pick<CustomGuard, 'series' | 'better'>,
): CustomGuard {
  return validateGuard({
    kind: 'custom',
    name: options.series,
    consequence: 'rollback',
    of: 'count',
    marginRatio: 1.1,
    rollbackRatio: 1.5,
    minErrors: 10,
    minRequests: MIN_REQUESTS,
    confidence: CONFIDENCE,
    clusterSize: 1,
    ...options,
  })
}

/** Under a hundred requests an error ratio of one percent shows nothing most of the time. */
const MIN_REQUESTS = 100

/** The usual level of a confidence statement; it is spent on passes only and never on rollbacks. */
const CONFIDENCE = 0.95
