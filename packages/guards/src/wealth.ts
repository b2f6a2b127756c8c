import {
  refuseCheckpoint,
  restoreNumber,
  restoreNumbers,
  type SavedNumber,
  saveNumber,
  saveNumbers,
} from './saved-numbers.ts'

/**
 * The money won by betting against "the canary is healthy", spread over several bets and over several starts.
 *
 * Bet k wins exp(gain_k) per unit staked in a tick; each gain is an e-value: it wins nothing on average while the claim
 * holds. A start puts fresh money on every bet, so that trouble beginning late need not win back what was lost before. With
 * start weights w, sum at most 1, `S_k ← (S_k + w) · exp(gain_k)` and `W = (1/K) Σ S_k + (1 − Σ w)`. While the claim
 * holds, W reaches 1/alpha with probability at most alpha, however often one looks (Ville's inequality).
 *
 * Everything is kept as logarithms: no count overflows.
 */
export interface Wealth {
  /** Write the tick's gain of every bet here between `open` and `settle`. Natural logarithms. */
  readonly gains: Float64Array
  /**
   * Places the starts that have come due, before the tick's gains are known.
   *
   * @param at Epoch ms; the first call is the origin of all starts.
   * @param numerator Running total before this tick; see {@link Wealth.ratioSince}.
   * @param denominator Running total before this tick.
   * @returns Whether a start was due: at the first tick, and then at the first of every 30 s.
   */
  open(at: number, numerator: number, denominator: number): boolean
  /** Applies the gains. */
  settle(): void
  /** ln W. */
  readLog(): number
  /** Whether W has ever reached 1/alpha. */
  isRejected(): boolean
  /**
   * The ratio of what two running totals gained since the trouble began.
   *
   * Each start remembers the totals as they were; the starts are averaged by their share of the wealth, so those that
   * caught the trouble speak loudest. NaN when neither total has grown, Infinity when only the numerator has.
   */
  ratioSince(numerator: number, denominator: number): number
  save(): SavedWealth
  /** @throws SluiceError `invalid_checkpoint`. */
  restore(saved: unknown): void
}

/** The money as plain JSON. */
export interface SavedWealth {
  readonly stakes: readonly SavedNumber[]
  readonly numerators: readonly SavedNumber[]
  readonly denominators: readonly SavedNumber[]
  readonly origin: SavedNumber
  readonly starts: SavedNumber
  readonly placed: SavedNumber
  readonly isCrossed: boolean
}

/**
 * When fresh money is placed, and how much.
 *
 * Trouble has begun at most 30 s after the last start. Most bad canaries are bad from the start, so most of the money is
 * placed on the first tick. Of the rest half is placed within 240 starts (two hours), three quarters within three times as
 * many: weights that fall like 1/t² never run out, so a rollout held overnight is still watched.
 */
export const startSchedule = Object.freeze({
  everyMs: 30_000,
  firstWeight: 0.7,
  halfPlacedStarts: 240,
})

/**
 * @param bets How many bets share the money evenly.
 * @param alpha The chance of a false rejection, above 0 and below 1.
 */
export function createWealth(bets: number, alpha: number): Wealth {
  const gains = new Float64Array(bets)
  const stakes = new Float64Array(bets).fill(-Infinity) // ln S_k
  const numeratorMarks = new Float64Array(bets)
  const denominatorMarks = new Float64Array(bets)
  const { everyMs, firstWeight, halfPlacedStarts } = startSchedule
  const logBets = Math.log(bets)
  const threshold = -Math.log(alpha)
  // W is at most the largest S plus one: below this no exact sum is needed.
  const nearThreshold = Math.log(1 / alpha - 1)
  let origin = 0
  let starts = -1
  let placed = 0
  let isCrossed = false

  function open(at: number, numerator: number, denominator: number): boolean {
    if (starts < 0) origin = at
    const due = Math.floor((at - origin) / everyMs)
    if (due <= starts) return false
    const nowPlaced = firstWeight + ((1 - firstWeight) * due) / (due + halfPlacedStarts)
    const logWeight = Math.log(nowPlaced - placed)
    for (let bet = 0; bet < bets; bet++) {
      const stake = addLogs(stakes[bet]!, logWeight)
      const freshShare = Math.exp(logWeight - stake)
      stakes[bet] = stake
      numeratorMarks[bet]! += freshShare * (numerator - numeratorMarks[bet]!)
      denominatorMarks[bet]! += freshShare * (denominator - denominatorMarks[bet]!)
    }
    starts = due
    placed = nowPlaced
    return true
  }

  function settle(): void {
    let largest = -Infinity
    for (let bet = 0; bet < bets; bet++) {
      const stake = stakes[bet]! + gains[bet]!
      stakes[bet] = stake
      if (stake > largest) largest = stake
    }
    if (!isCrossed && largest >= nearThreshold) isCrossed = readLog() >= threshold
  }

  function readLog(): number {
    if (starts < 0) return 0
    const logKept = Math.log(1 - placed)
    let largest = logKept
    for (let bet = 0; bet < bets; bet++) largest = Math.max(largest, stakes[bet]! - logBets)
    let sum = Math.exp(logKept - largest)
    for (let bet = 0; bet < bets; bet++) sum += Math.exp(stakes[bet]! - logBets - largest)
    return largest + Math.log(sum)
  }

  function ratioSince(numerator: number, denominator: number): number {
    let largest = -Infinity
    for (let bet = 0; bet < bets; bet++) largest = Math.max(largest, stakes[bet]!)
    let numeratorGain = 0
    let denominatorGain = 0
    for (let bet = 0; bet < bets; bet++) {
      const share = Math.exp(stakes[bet]! - largest)
      numeratorGain += share * (numerator - numeratorMarks[bet]!)
      denominatorGain += share * (denominator - denominatorMarks[bet]!)
    }
    return numeratorGain / denominatorGain
  }

  function save(): SavedWealth {
    return {
      stakes: saveNumbers(stakes),
      numerators: saveNumbers(numeratorMarks),
      denominators: saveNumbers(denominatorMarks),
      origin: saveNumber(origin),
      starts: saveNumber(starts),
      placed: saveNumber(placed),
      isCrossed,
    }
  }

  function restore(saved: unknown): void {
    const from = Object(saved) as Partial<SavedWealth>
    restoreNumbers(stakes, from.stakes)
    restoreNumbers(numeratorMarks, from.numerators)
    restoreNumbers(denominatorMarks, from.denominators)
    origin = restoreNumber(from.origin)
    starts = restoreNumber(from.starts)
    placed = restoreNumber(from.placed)
    const marks = [...stakes, ...numeratorMarks, ...denominatorMarks, origin, starts, placed]
    if (marks.some(Number.isNaN)) throw refuseCheckpoint('its money is no number')
    // What was rejected stays so, though a later process has a smaller share of alpha.
    isCrossed = from.isCrossed === true
  }

  return {
    ...{ gains, open, settle, readLog, ratioSince, save, restore },
    isRejected: () => isCrossed,
  }
}

function addLogs(a: number, b: number): number {
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b))
}
