import { type ArmCounts, bucketOf, createArmCounts, type Tick } from '@sluice/guards'
import type { Random } from './random.ts'

/** What is so in one second of a simulated rollout. */
export interface Second {
  requests: number
  /** The canary's share of the requests, 0–1. */
  canaryShare: number
  stableErrorRatio: number
  canaryErrorRatio: number
}

/** A tick to draw into, again and again. */
export function createTick(): Tick {
  return { at: 0, stable: createArmCounts(), canary: createArmCounts() }
}

/** Draws one second's counts into `tick`: each request picks its arm, then fails or not, by itself. */
export function drawTick(tick: Tick, second: Second, random: Random): void {
  const canaryRequests = random.binomial(second.requests, second.canaryShare)
  tick.at += 1000
  drawArm(tick.canary, canaryRequests, second.canaryErrorRatio, random)
  drawArm(tick.stable, second.requests - canaryRequests, second.stableErrorRatio, random)
}

/** Draws the latencies of the requests already in `tick`; the canary's are `slowdown` times as long. */
export function drawLatencies(tick: Tick, slowdown: number, random: Random): void {
  drawArmLatencies(tick.stable, 1, random)
  drawArmLatencies(tick.canary, slowdown, random)
}

/** A usual service: lognormal with median 100 ms and p95 268 ms. */
const MEDIAN_MS = 100
const SPREAD = 0.6

function drawArm(arm: ArmCounts, requests: number, errorRatio: number, random: Random): void {
  arm.requests = requests
  arm.errors = random.binomial(requests, errorRatio)
}

function drawArmLatencies(arm: ArmCounts, slowdown: number, random: Random): void {
  const buckets = bucketsOf(slowdown)
  arm.latency.fill(0)
  for (let request = 0; request < arm.requests; request++) {
    arm.latency[buckets[Math.floor(random.uniform() * STEPS)]!]!++
  }
}

/** A duration is drawn from so many equally likely ones: a table, because drawing normal variables takes five times as long. */
const STEPS = 2 ** 16
const tables = new Map<number, Uint16Array>()

function bucketsOf(slowdown: number): Uint16Array {
  let table = tables.get(slowdown)
  if (table === undefined) {
    table = Uint16Array.from({ length: STEPS }, (_, step) =>
      bucketOf(slowdown * MEDIAN_MS * Math.exp(SPREAD * normalQuantile((step + 0.5) / STEPS))),
    )
    tables.set(slowdown, table)
  }
  return table
}

/** Where a standard normal variable lies with a probability below. Source: Acklam's approximation; relative error 1e-9. */
function normalQuantile(probability: number): number {
  if (probability > 0.5) return -normalQuantile(1 - probability)
  if (probability < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(probability))
    return evaluate(tailNumerator, q) / (evaluate(tailDenominator, q) * q + 1)
  }
  const q = probability - 0.5
  const r = q * q
  return (evaluate(numerator, r) * q) / (evaluate(denominator, r) * r + 1)
}

function evaluate(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)
}

const numerator = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2,
  -3.066479806614716e1, 2.506628277459239,
]
const denominator = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1,
  -1.328068155288572e1,
]
const tailNumerator = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734,
  4.374664141464968, 2.938163982698783,
]
const tailDenominator = [
  7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416,
]
