import { validateGuard } from './validate-guard.ts'

/** What a failed guard asks for, strongest first. */
export type Consequence = 'rollback' | 'hold' | 'warn'

interface GuardBase {
  /** Names the guard in verdicts; unique within a set. Default: its kind. */
  name: string
  /** The most a failure may ask for. Only `rollback` and `hold` share the set's alpha. Default `rollback`. */
  consequence: Consequence
  /** A pass on an estimate needs this many requests on every arm looked at. Default 100. */
  minRequests: number
}

/** Compares the canary's error ratio with the stable arm's at the same time. */
export interface ErrorRateGuard extends GuardBase {
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
}

/** Compares the canary's latencies with the stable arm's at the same time. */
export interface LatencyGuard extends GuardBase {
  kind: 'latency'
  /** Up to this multiple of the stable latencies the canary counts as healthy. Default 1.2 (the policy's + 20 %). */
  marginRatio: number
  /** From this ratio of the p95s on a proven failure asks for rollback, below it for hold. Default 2 (+ 100 %). */
  rollbackRatio: number
  /** How sure a proven margin is. Default 0.95. */
  confidence: number
}

/** Holds the canary's error ratio under a fixed limit. */
export interface MaxErrorRateGuard extends GuardBase {
  kind: 'max_error_rate'
  /** The limit, above 0 and below 1: 0.1 is 10 %. */
  ratio: number
  /** Fewer canary errors never fail. Default 3. */
  minErrors: number
}

/** Holds a quantile of the canary's latencies under a fixed limit. */
export interface MaxLatencyGuard extends GuardBase {
  kind: 'max_latency'
  /** The limit in ms, 0.25 … 15,800; it takes effect at the upper bound of its bucket, at most 3.7 % above. */
  ms: number
  /** Which quantile may not exceed it, above 0 and below 1. Default 0.95. */
  quantile: number
  /** Fewer canary requests over the limit never fail. Default 3. */
  minErrors: number
}

/** A guard is plain data: it can stand in a plan, a file or a commit. */
export type Guard = ErrorRateGuard | LatencyGuard | MaxErrorRateGuard | MaxLatencyGuard

/**
 * Fails when the canary's error ratio is proven worse than 1.1 × the stable arm's, and worse than the floor.
 *
 * @throws SluiceError `invalid_guard` when a number is out of range.
 */
export function errorRate(options: Partial<Omit<ErrorRateGuard, 'kind'>> = {}): ErrorRateGuard {
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
    ...options,
  })
}

/**
 * Fails when the canary is proven slower than 1.2 × the stable arm.
 *
 * @throws SluiceError `invalid_guard` when a number is out of range.
 */
export function latency(options: Partial<Omit<LatencyGuard, 'kind'>> = {}): LatencyGuard {
  return validateGuard({
    kind: 'latency',
    name: 'latency',
    consequence: 'rollback',
    marginRatio: 1.2,
    rollbackRatio: 2,
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
  options: Partial<Omit<MaxErrorRateGuard, 'kind'>> & { ratio: number },
): MaxErrorRateGuard {
  return validateGuard({
    kind: 'max_error_rate',
    name: 'max_error_rate',
    consequence: 'rollback',
    minErrors: 3,
    minRequests: MIN_REQUESTS,
    ...options,
  })
}

/**
 * Fails when a quantile of the canary's latencies is proven above a limit.
 *
 * @throws SluiceError `invalid_guard` when a number is out of range.
 */
export function maxLatency(
  options: Partial<Omit<MaxLatencyGuard, 'kind'>> & { ms: number },
): MaxLatencyGuard {
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

/** Under a hundred requests an error ratio of one percent shows nothing most of the time. */
const MIN_REQUESTS = 100

/** The usual level of a confidence statement; it is spent on passes only and never on rollbacks. */
const CONFIDENCE = 0.95
