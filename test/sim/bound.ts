/** What a bound is asked of: requests per second of each arm, and how often they fail. */
export interface Contest {
  canaryRequests: number
  stableRequests: number
  /** Stable's, 0–1. */
  errorRatio: number
  /** The canary fails so many times as often. */
  ratio: number
  /** What is allowed. */
  marginRatio: number
  alpha: number
}

/**
 * The least mean time in seconds in which any test can find the canary that errs on a healthy one with probability alpha,
 * however often it looks, and that does not know the stable rate.
 *
 * ln(1/α) / inf_q [n_c KL(R p ‖ r0 q) + n_s KL(p ‖ q)] (Wald): the stable rate q is the one that explains both arms best.
 */
export function computeBound(contest: Contest): number {
  const { canaryRequests, stableRequests, errorRatio, ratio, marginRatio, alpha } = contest
  const divergence = (q: number) =>
    canaryRequests * klBernoulli(ratio * errorRatio, marginRatio * q) +
    stableRequests * klBernoulli(errorRatio, q)
  // Convex in q: thirds close in on its least value.
  let low = errorRatio
  let high = Math.min(1 / marginRatio, (ratio * errorRatio) / marginRatio)
  for (let step = 0; step < 200; step++) {
    const third = (high - low) / 3
    if (divergence(low + third) < divergence(high - third)) high -= third
    else low += third
  }
  return -Math.log(alpha) / divergence((low + high) / 2)
}

/** How far Bernoulli(p) is from Bernoulli(q), in natural units. */
function klBernoulli(p: number, q: number): number {
  return term(p, q) + term(1 - p, 1 - q)
}

function term(p: number, q: number): number {
  return p === 0 ? 0 : p * Math.log(p / q)
}
