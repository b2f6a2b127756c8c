/** A seeded source of chance: the same seed, the same simulation. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Standard normal. */
  normal(): number
  /** How many of `trials` succeed, each with probability `probability`. */
  binomial(trials: number, probability: number): number
}

/** @param seed Any 32-bit integer. Source of the generator: Chris Doty-Humphrey's sfc32, seeded as its author does. */
export function createRandom(seed: number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1

  function uniform(): number {
    const sum = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }

  /** Box–Muller: a normal draw from two uniform ones. */
  function normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
    return radius * Math.cos(2 * Math.PI * uniform())
  }

  /** Inversion: walks the distribution from zero; fast because few of the requests fail. */
  function binomial(trials: number, probability: number): number {
    if (trials === 0 || probability <= 0) return 0
    if (probability > 0.5) return trials - binomial(trials, 1 - probability)
    // (1 − p)^n must not underflow: thousands of trials are drawn in parts.
    if (trials > 1000) return binomial(1000, probability) + binomial(trials - 1000, probability)
    const odds = probability / (1 - probability)
    let chance = (1 - probability) ** trials
    let left = uniform()
    let hits = 0
    while (left >= chance && hits < trials) {
      left -= chance
      hits++
      chance *= (odds * (trials - hits + 1)) / hits
    }
    return hits
  }

  // The first outputs still resemble the seed.
  for (let warmUp = 0; warmUp < 15; warmUp++) uniform()
  return { uniform, normal, binomial }
}
