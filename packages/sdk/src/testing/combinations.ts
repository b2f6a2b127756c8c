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
  for (const pair of pairsOf(sizes)) {
    if (!open.has(...pair)) continue
    const [one, choice, other, taken] = pair
    const row: (number | undefined)[] = sizes.map(() => undefined)
    row[one] = choice
    row[other] = taken
    for (const [question, size] of sizes.entries()) {
      row[question] ??= choiceMeetingMost(open, row, question, size, found.length)
    }
    open.close(row as number[])
    found.push(row as number[])
  }
  return found
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

type Pair = readonly [question: number, choice: number, other: number, taken: number]

/** Every pair of choices of two questions, each once. */
function* pairsOf(sizes: readonly number[]): Generator<Pair> {
  for (const [one, size] of sizes.entries()) {
    for (let other = one + 1; other < sizes.length; other += 1) {
      for (let choice = 0; choice < size; choice += 1) {
        for (let taken = 0; taken < (sizes[other] as number); taken += 1) {
          yield [one, choice, other, taken]
        }
      }
    }
  }
}

interface OpenPairs {
  has(...pair: Pair): boolean
  close(row: Choices): void
}

/** A square of all choices: a thousand flags have some two million pairs, too many for a map. */
function openPairs(sizes: readonly number[]): OpenPairs {
  const starts: number[] = []
  let total = 0
  for (const size of sizes) {
    starts.push(total)
    total += size
  }
  const closed = new Uint8Array(total * total)
  const placeOf = (question: number, choice: number) => (starts[question] as number) + choice
  return {
    has: (question, choice, other, taken) =>
      closed[placeOf(question, choice) * total + placeOf(other, taken)] === 0,
    close(row) {
      const places = row.map((choice, question) => placeOf(question, choice))
      for (const one of places) for (const other of places) closed[one * total + other] = 1
    },
  }
}
