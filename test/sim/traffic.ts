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
  arm.latency.fill(0)
  for (let request = 0; request < arm.requests; request++) {
    // Box–Muller: a normal draw from two uniform ones.
    const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()))
    const normal = radius * Math.cos(2 * Math.PI * random.uniform())
    arm.latency[bucketOf(slowdown * MEDIAN_MS * Math.exp(SPREAD * normal))]!++
  }
}
