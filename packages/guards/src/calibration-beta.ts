/**
 * The value below which a Beta(a, b) variable lies with a probability.
 *
 * @param probability Above 0 and below 1.
 * @param a Above 0.
 * @param b Above 0.
 * @returns Within 1e-12, in (0, 1).
 */
export function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0
  let high = 1
  // Bisection: it is asked once per rollout, and it cannot fail to converge.
  for (let step = 0; step < 60 && high - low > 1e-13 * high; step++) {
    const middle = (low + high) / 2
    if (betaCdf(middle, a, b) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** The regularized incomplete beta function I_x(a, b). */
function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const logFactor =
    a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)
  // The fraction converges fast below the mean; above it, its mirror image does.
  return x < (a + 1) / (a + b + 2)
    ? (Math.exp(logFactor) * betaFraction(x, a, b)) / a
    : 1 - (Math.exp(logFactor) * betaFraction(1 - x, b, a)) / b
}

/** Lentz's evaluation of the continued fraction of I_x(a, b). Source: DLMF 8.17.22. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  let c = 1
  let d = 1 / avoidZero(1 - ((a + b) * x) / (a + 1))
  let value = d
  // It needs about √max(a, b) rounds: a hundred million errors still converge.
  for (let m = 1; m < 20_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / avoidZero(1 + even * d)
    c = avoidZero(1 + even / c)
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / avoidZero(1 + odd * d)
    c = avoidZero(1 + odd / c)
    value *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return value

  function avoidZero(term: number): number {
    return Math.abs(term) < tiny ? tiny : term
  }
}

/** Lanczos's coefficients for g = 7, n = 9; relative error about 1e-15. Source: Numerical Recipes, 3rd ed., 6.1 (Godfrey's). */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
]

function logGamma(x: number): number {
  const z = x - 1
  const base = z + 7.5
  let sum = lanczos[0]!
  for (let index = 1; index < lanczos.length; index++) sum += lanczos[index]! / (z + index)
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(base) - base + Math.log(sum)
}
