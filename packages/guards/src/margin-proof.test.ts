import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../test/sim/random.ts'
import { createMarginProof } from './margin-proof.ts'

type Second = [
  canaryErrors: number,
  stableErrors: number,
  canaryRequests: number,
  stableRequests: number,
]

const provable = [1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.75, 2, 2.5, 3, 4, 5]

/** ln of the likelihood of ratio r1 against r0, as the reference writes it. */
function sumLogs(seconds: Second[], r1: number, r0: number): number {
  return seconds.reduce(
    (sum, [xc, xs, nc, ns]) =>
      sum + xc * Math.log(r1 / r0) - (xc + xs) * Math.log((r1 * nc + ns) / (r0 * nc + ns)),
    0,
  )
}

/** Half of the money on ratio 1, half spread over the others of the grid below r0. */
function prove(seconds: Second[], confidence: number): number | undefined {
  return provable.find((r0) => {
    const others = [0.5, 0.7, 0.85, ...provable.filter((ratio) => ratio < r0)]
    const wealths = others.map((r1) => Math.exp(sumLogs(seconds, r1, r0)))
    const mean = wealths.reduce((sum, wealth) => sum + wealth) / others.length
    return Math.exp(sumLogs(seconds, 1, r0)) / 2 + mean / 2 >= 1 / (1 - confidence)
  })
}

describe('createMarginProof', () => {
  it('proves what the formula proves, second by second', () => {
    const random = createRandom(4)
    const proven = new Set<number | undefined>()
    for (const ratio of [0.6, 1, 1.3]) {
      const proof = createMarginProof(1.1, 0.95)
      const seconds: Second[] = []
      for (let second = 0; second < 120; second += 1) {
        const [canaryRequests, stableRequests] = [200 + second, 1_800]
        const canaryErrors = random.binomial(canaryRequests, 0.02 * ratio)
        const stableErrors = random.binomial(stableRequests, 0.02)
        seconds.push([canaryErrors, stableErrors, canaryRequests, stableRequests])
        proof.observe(canaryErrors, stableErrors, canaryRequests, stableRequests)
        expect(proof.readProvenRatio()).toBe(prove(seconds, 0.95))
        proven.add(proof.readProvenRatio())
      }
    }
    expect(proven.size).toBeGreaterThan(8)
  })

  it("proves the guard's own margin too, in its place", () => {
    const proof = createMarginProof(1.07, 0.95)
    proof.observe(10_000, 10_000, 1_000_000, 1_000_000)
    expect(proof.readProvenRatio()).toBe(1.05)
    const less = createMarginProof(1.07, 0.95)
    less.observe(4_000, 4_000, 400_000, 400_000)
    expect(less.readProvenRatio()).toBe(1.07)
  })
})
