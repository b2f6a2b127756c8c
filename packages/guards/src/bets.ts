/** How many sizes of trouble are bet on. */
export const BETS = 8

/** From barely above the claim to so bad that a second or two decide; in between evenly on the log scale. */
const SMALLEST_FACTOR = 1.3
const LARGEST_FACTOR = 25

/** What each bet says of the odds: this many times what the claim allows. */
export const betFactors: readonly number[] = Array.from(
  { length: BETS },
  (_, bet) => SMALLEST_FACTOR * (LARGEST_FACTOR / SMALLEST_FACTOR) ** (bet / (BETS - 1)),
)
const logFactors = Float64Array.from(betFactors, Math.log)

/** What one trial costs each bet: the part of the gain that only a changing `nullShare` changes. */
export function writeCosts(costs: Float64Array, nullShare: number): Float64Array {
  for (let bet = 0; bet < BETS; bet++) {
    // Not log1p, which takes ten times as long; what log loses here is 1e-16 a trial.
    costs[bet] = Math.log(1 + (betFactors[bet]! - 1) * nullShare)
  }
  return costs
}

/**
 * Writes each bet's log gain of one tick, `hits · ln f − trials · ln(1 + (f − 1) q)`, into `gains` from `offset` on.
 *
 * Its exponential is an e-value: on average at most 1 while each trial hits with probability at most q. Two comparisons
 * are of this form. Against a limit q0: trials are requests, hits are errors, q = q0. Against the stable arm, "the
 * canary's ratio is at most r0 times stable's": trials are the errors of both arms, hits the canary's, and
 * q = r0 n_c / (r0 n_c + n_s) is the canary's share of them at the edge of the claim, so that
 * l = x_c ln(r1/r0) − (x_c + x_s) ln((r1 n_c + n_s) / (r0 n_c + n_s)) with r1 = f · r0. The stable rate drops out: it
 * needs no estimate and may change from tick to tick.
 *
 * @param costs Of the tick's q; see {@link writeCosts}.
 */
export function writeGains(
  gains: Float64Array,
  offset: number,
  hits: number,
  trials: number,
  costs: Float64Array,
): void {
  for (let bet = 0; bet < BETS; bet++) {
    gains[offset + bet] = hits * logFactors[bet]! - trials * costs[bet]!
  }
}

/** The canary's share of all events if its rate were exactly `ratio` times the stable arm's. */
export function shareAt(ratio: number, canaryRequests: number, stableRequests: number): number {
  return (ratio * canaryRequests) / (ratio * canaryRequests + stableRequests)
}
