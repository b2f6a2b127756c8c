import { bucketCount, bucketLimit, PrefixHash } from '@sluice/core'

/** Cuts the subjects into arms: the same key and weights give the same arm in every process. */
export interface Partition {
  /** @param weights Percent for each arm, summing to 100. */
  cut(weights: readonly number[]): Cut
}

/** One way to cut; says which arm, by its position, a subject belongs to. */
export interface Cut {
  ofKey(key: string): number
  /** @param random From [0, 1): for who has no key. */
  ofRandom(random: number): number
}

/**
 * The partition for a number of arms, each of which moves few subjects when weights change.
 *
 * Up to three arms share one line: the second arm grows from its left end, the third from its right end, and the first has the
 * rest. So with two arms exactly the difference moves, and the second arm is a flag's rollout. With three, exactly the minimum
 * moves unless the second and third trade with each other, which moves at most twice as many. More arms draw; see
 * {@link drawing}.
 */
export function createPartition(salt: string, arms: number): Partition {
  return arms <= 3 ? onOneLine(new PrefixHash(`${salt}:`)) : drawing(salt, arms)
}

function onOneLine(hash: PrefixHash): Partition {
  return {
    cut([first = 0, second = 0, third = 0]) {
      const left = bucketLimit(second)
      // An arm at 0 owns nobody, whatever the sums round to.
      const right =
        third === 0 ? bucketCount : first === 0 ? left : bucketCount - bucketLimit(third)
      const armOf = (bucket: number) => (bucket < left ? 1 : bucket < right ? 0 : 2)
      return {
        ofKey: (key) => armOf(hash.top30(key)),
        ofRandom: (random) => armOf(Math.floor(random * bucketCount)),
      }
    },
  }
}

/** With 4 arms a key is still undecided after so many draws once in 10^8; the line then decides. */
const draws = 64

/**
 * Each key draws an arm and a number below 100 again and again, always in the same order, until the number is below the arm's
 * weight. If weights change by D (half the sum of all differences, 0–1), two cuts differ in at most 2 D / (1 + D) of the
 * keys: the first draw that either accepts is accepted by both with probability (1 − D) / (1 + D).
 */
function drawing(salt: string, arms: number): Partition {
  const hashes = Array.from({ length: draws }, (_, draw) => new PrefixHash(`${salt}/arm${draw}:`))
  return {
    cut(weights) {
      const limits = weights.map((weight) => (weight / 100) * bucketCount)
      return {
        ofKey(key) {
          let place = 0
          for (const hash of hashes) {
            place = hash.top30(key) * arms
            const arm = Math.floor(place / bucketCount)
            if (place % bucketCount < limits[arm]!) return arm
          }
          return armAt(limits, (place % bucketCount) + 0.5)
        },
        ofRandom: (random) => armAt(limits, random * bucketCount),
      }
    },
  }
}

/** The last arm that has a weight, where sums round. */
function armAt(limits: readonly number[], place: number): number {
  let found = 0
  let sum = 0
  for (const [arm, limit] of limits.entries()) {
    if (limit === 0) continue
    found = arm
    sum += limit
    if (place < sum) break
  }
  return found
}
