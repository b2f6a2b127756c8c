/** Φ: the chance that a standard normal variable is at most `x`. Within 1e-7. */
export function normalCdf(x: number): number {
  // Source: Abramowitz and Stegun 26.2.17; far from 0 its error is small beside the tail, too, as e^(−x²/2) is a factor.
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = normalDensity(x) * series
  return x >= 0 ? 1 - tail : tail
}

/** The density of a standard normal variable. */
export function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
}

/**
 * The chance that a random walk with drift has reached a level by a time: the inverse Gaussian distribution.
 *
 * @param time At least 0.
 * @param mean Of the time it takes, above 0.
 * @param deviation Standard deviation of that time, at least 0.
 */
export function passageCdf(time: number, mean: number, deviation: number): number {
  if (time <= 0) return 0
  if (deviation === 0) return time >= mean ? 1 : 0
  const shape = mean ** 3 / deviation ** 2
  const root = Math.sqrt(shape / time)
  const late = normalCdf(root * (time / mean - 1))
  const logTail = (2 * shape) / mean
  const tail = normalCdf(-root * (time / mean + 1))
  // e^(2λ/μ) overflows where its factor vanishes even faster.
  return Math.min(1, late + (tail === 0 ? 0 : Math.exp(logTail + Math.log(tail))))
}

/** The counts that a Poisson variable takes, with their chances; only its mean where it is large enough to stand for all. */
export function poissonCounts(mean: number): readonly (readonly [count: number, chance: number])[] {
  // From 30 on, the curvature of what is averaged over it moves the average by under a percent.
  if (mean > 30) return [[mean, 1]]
  const counts: [number, number][] = []
  let chance = Math.exp(-mean)
  for (let count = 0; count < mean + 6 * Math.sqrt(mean) + 6; count++) {
    counts.push([count, chance])
    chance *= mean / (count + 1)
  }
  return counts
}
