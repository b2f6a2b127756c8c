/** One choice for each of several questions: positions in their lists of choices. */
export type Choices = readonly number[]

/**
 * Combinations that hold every pair of choices of any two questions at least once: most faults come of one choice, or of
 * two that meet (Kuhn, Wallace and Gallo: Software Fault Interactions and Implications for Software Testing, IEEE TSE
 * 30(6), 2004).
 *
 * Greedy, and the same for the same sizes: each combination begins with a pair that none has held yet and takes, question
 * by question, the choice that meets most of what is open. Of 12 questions of two choices it makes 10 combinations, of 50 it
 * makes 14.
 *
 * @param sizes How many choices each question has, 1 or more; two questions or more.
 */
export function pairwise(sizes: readonly number[]): Choices[] {
  const open = openPairs(sizes)
  const found: Choices[] = []
  for (;;) {
    const pair = open.first()
    if (pair === undefined) return found
    const row: (number | undefined)[] = sizes.map(() => undefined)
    for (const [question, choice] of pair) row[question] = choice
    for (const [question, size] of sizes.entries()) {
      row[question] ??= choiceMeetingMost(open, row, question, size, found.length)
    }
    open.close(row as number[])
    found.push(row as number[])
  }
}

/** Every combination there is, the last question changing fastest. */
export function everyCombination(sizes: readonly number[]): Choices[] {
  let rows: Choices[] = [[]]
  for (const size of sizes) {
    rows = rows.flatMap((row) => Array.from({ length: size }, (_, choice) => [...row, choice]))
  }
  return rows
}

/** @param turn Where several are as good, another one in each combination. */
function choiceMeetingMost(
  open: OpenPairs,
  row: readonly (number | undefined)[],
  question: number,
  size: number,
  turn: number,
): number {
  let best = turn % size
  let most = -1
  for (let step = 0; step < size; step += 1) {
    const choice = (turn + step) % size
    let met = 0
    for (const [other, taken] of row.entries()) {
      if (taken !== undefined && open.has(question, choice, other, taken)) met += 1
    }
    if (met > most) {
      best = choice
      most = met
    }
  }
  return best
}

type Pair = readonly [
  readonly [question: number, choice: number],
  readonly [question: number, choice: number],
]

interface OpenPairs {
  first(): Pair | undefined
  has(question: number, choice: number, other: number, taken: number): boolean
  close(row: Choices): void
}

function openPairs(sizes: readonly number[]): OpenPairs {
  const pairs = new Map<string, Pair>()
  const nameOf = (question: number, choice: number, other: number, taken: number) =>
    question < other
      ? `${question}.${choice} ${other}.${taken}`
      : `${other}.${taken} ${question}.${choice}`
  for (const [one, size] of sizes.entries()) {
    for (let other = one + 1; other < sizes.length; other += 1) {
      for (let choice = 0; choice < size; choice += 1) {
        for (let taken = 0; taken < (sizes[other] as number); taken += 1) {
          pairs.set(nameOf(one, choice, other, taken), [
            [one, choice],
            [other, taken],
          ])
        }
      }
    }
  }
  return {
    first: () => pairs.values().next().value,
    has: (...pair) => pairs.has(nameOf(...pair)),
    close(row) {
      for (const [one, choice] of row.entries()) {
        for (let other = one + 1; other < row.length; other += 1) {
          pairs.delete(nameOf(one, choice, other, row[other] as number))
        }
      }
    },
  }
}
