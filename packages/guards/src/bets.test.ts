import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../test/sim/random.ts'
import { BETS, betFactors, shareAt, writeCosts, writeGains } from './bets.ts'

const gains = new Float64Array(BETS)
const costs = new Float64Array(BETS)

function gainsOf(hits: number, trials: number, nullShare: number): Float64Array {
  writeGains(gains, 0, hits, trials, writeCosts(costs, nullShare))
  return gains
}

describe('bets', () => {
  it('are on eight sizes of trouble, from 1.3 to 25 times what the claim allows', () => {
    expect(betFactors).toHaveLength(8)
    expect(betFactors[0]).toBeCloseTo(1.3, 12)
    expect(betFactors[7]).toBeCloseTo(25, 12)
    expect(betFactors[1]! / betFactors[0]!).toBeCloseTo(betFactors[7]! / betFactors[6]!, 12)
  })

  it('gain against the stable arm what the formula says', () => {
    // n_c = 10, n_s = 190, x_c = 1, x_s = 2, r0 = 1.1, r1 = 1.43: ln 1.3 − 3 ln(204.3 / 201).
    expect(gainsOf(1, 3, shareAt(1.1, 10, 190))[0]).toBeCloseTo(0.2135105, 6)
  })

  it('gain against a limit what the binomial likelihood ratio says', () => {
    // q0 = 0.1 and odds × 1.3: q1 = 0.13 / 1.03; 2 errors in 10 requests.
    const q1 = 0.13 / 1.03
    const expected = 2 * Math.log(q1 / 0.1) + 8 * Math.log((1 - q1) / 0.9)
    expect(gainsOf(2, 10, 0.1)[0]).toBeCloseTo(expected, 12)
  })

  it.each([
    [0.01, 10, 190],
    [0.3, 50, 50],
    [0.002, 900, 100],
  ])(
    'win nothing on average at the edge of the claim (stable %d, %d : %d requests)',
    (ratio, nc, ns) => {
      const random = createRandom(7)
      const draws = 100_000
      const sums = new Float64Array(BETS)
      const squares = new Float64Array(BETS)
      for (let draw = 0; draw < draws; draw++) {
        const canaryErrors = random.binomial(nc, 1.1 * ratio)
        const stableErrors = random.binomial(ns, ratio)
        gainsOf(canaryErrors, canaryErrors + stableErrors, shareAt(1.1, nc, ns))
        for (let bet = 0; bet < BETS; bet++) {
          const value = Math.exp(gains[bet]!)
          sums[bet]! += value
          squares[bet]! += value ** 2
        }
      }
      for (let bet = 0; bet < BETS; bet++) {
        const mean = sums[bet]! / draws
        const error = Math.sqrt((squares[bet]! / draws - mean ** 2) / draws)
        expect(mean).toBeLessThan(1 + 4 * error)
      }
    },
  )
})
