import type { Tick } from '@sluice/guards'
import type { Random } from './random.ts'
import type { Second } from './traffic.ts'

/** A client that meets an error tries again: so many times at most. */
const largestBurst = 10
const meanBurst = 4

/** Geometric, cut at ten: the chance that one more attempt follows makes its mean four. */
const againChance = findAgainChance()

/**
 * Draws a second in which errors come in bursts, one burst a user: `errors` counts attempts, `failedUnits` users.
 *
 * @param second Its error ratios are those of attempts, as a service would see them.
 */
export function drawBursts(tick: Tick, second: Second, random: Random): void {
  const canaryRequests = random.binomial(second.requests, second.canaryShare)
  tick.at += 1000
  drawArm(tick.canary, canaryRequests, second.canaryErrorRatio, random)
  drawArm(tick.stable, second.requests - canaryRequests, second.stableErrorRatio, random)
}

function drawArm(arm: Tick['canary'], requests: number, errorRatio: number, random: Random): void {
  const bursts = random.binomial(requests, errorRatio / meanBurst)
  let errors = 0
  for (let burst = 0; burst < bursts; burst++) errors += drawSize(random)
  arm.requests = requests + errors - bursts
  arm.errors = errors
  arm.failedUnits = bursts
}

function drawSize(random: Random): number {
  let size = 1
  while (size < largestBurst && random.uniform() < againChance) size++
  return size
}

function findAgainChance(): number {
  let low = 0
  let high = 1
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    // The mean of a geometric burst cut at ten: 1 + q + q² + … + q⁹.
    let mean = 0
    for (let size = 0; size < largestBurst; size++) mean += middle ** size
    if (mean < meanBurst) low = middle
    else high = middle
  }
  return low
}
