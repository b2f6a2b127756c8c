import { startSchedule } from '@sluice/guards'
import type { BetGrowth } from './bet-growth.ts'
import { passageCdf } from './distributions.ts'

/** When the money of several bets reaches what a failure needs. */
export interface Passage {
  /** Infinity where no bet grows. */
  readonly meanSeconds: number
  /** Standard deviation. */
  readonly deviationSeconds: number
}

const { firstWeight, halfPlacedStarts } = startSchedule
const startSeconds = startSchedule.everyMs / 1000

/** What is won beyond the threshold: on average half of what the last event wins. */
const overshootShare = 0.5

/**
 * The best of several bets is chosen by what happened, so it has a little more than the bet that is best on average.
 *
 * In natural logarithms. Half a unit is what the choice of one free parameter gains; starts can be chosen, too. Fitted to
 * simulation: `npm run sim -- --only forecast`.
 */
const choiceGain = 0.75

/**
 * When trouble that begins at a moment of the rollout is found.
 *
 * On average each bet grows at a constant rate, so the sum of the money is a known function of time: it gives the mean.
 * Around it the best bet walks at random: the inverse Gaussian gives how widely.
 *
 * @param decays What each bet lost a second while the canary was healthy; see {@link lossOf}.
 * @param enteredSeconds When the trouble begins, since the first tick. From 0 most of all money is on it; later only what was placed lately.
 */
export function computePassage(
  bets: readonly BetGrowth[],
  decays: readonly number[],
  alpha: number,
  enteredSeconds: number,
): Passage {
  const passageAt = (sinceStart: number) =>
    passageAfter(bets, decays, alpha, { enteredSeconds, sinceStart })
  if (enteredSeconds === 0) return passageAt(0)
  // Trouble begins anywhere between two starts.
  const middle = passageAt(startSeconds / 2)
  if (middle.meanSeconds > 2 * startSeconds) return middle
  // Where it is found that soon, it matters where.
  const early = passageAt(startSeconds / 6)
  const late = passageAt((5 * startSeconds) / 6)
  const cases = [early, middle, late]
  const mean = cases.reduce((sum, { meanSeconds }) => sum + meanSeconds, 0) / cases.length
  const square =
    cases.reduce(
      (sum, { meanSeconds, deviationSeconds }) => sum + meanSeconds ** 2 + deviationSeconds ** 2,
      0,
    ) / cases.length
  return { meanSeconds: mean, deviationSeconds: Math.sqrt(square - mean ** 2) }
}

/** When trouble begins, and how long before it money was last placed. */
interface Onset {
  readonly enteredSeconds: number
  readonly sinceStart: number
}

function passageAfter(
  bets: readonly BetGrowth[],
  decays: readonly number[],
  alpha: number,
  onset: Onset,
): Passage {
  // A bet that loses is never the one that finds it.
  const growing = bets.filter(({ growth }) => growth > 0)
  let best = growing[0]
  if (best === undefined) return never
  const early = decays
    .filter((_, index) => (bets[index] as BetGrowth).growth > 0)
    .map((decay) => moneyAtOnset(decay, onset))
  const logs = new Float64Array(growing.length)
  const threshold = Math.log(bets.length / alpha) - choiceGain

  /** How far the money is above what a failure needs; negative below. */
  function readExcess(seconds: number): number {
    let largest = -Infinity
    for (let index = 0; index < growing.length; index++) {
      const bet = growing[index] as BetGrowth
      const later = moneySinceOnset(bet.growth, onset, seconds)
      const log = bet.growth * seconds + Math.log(early[index]! + later)
      logs[index] = log
      if (log <= largest) continue
      largest = log
      best = bet
    }
    let sum = 0
    for (const log of logs) sum += Math.exp(log - largest)
    return largest + Math.log(sum) - threshold - overshootShare * (best as BetGrowth).jump
  }

  const seconds = findRoot(readExcess, threshold / Math.max(...growing.map(({ growth }) => growth)))
  if (seconds === undefined) return never
  // A tick ends half a second after what decides it, on average, and never before a second has passed.
  return {
    meanSeconds: Math.max(1, seconds + 0.5),
    deviationSeconds: Math.sqrt(seconds * best.variance) / best.growth,
  }
}

/** Where a rising function passes 0, which is near a straight line: the false position, Illinois's way. */
function findRoot(read: (seconds: number) => number, guess: number): number | undefined {
  let low = 0
  let below = read(0)
  let high = guess
  let above = read(high)
  while (above < 0) {
    low = high
    below = above
    high *= 1.5
    if (high > longestSeconds) return undefined
    above = read(high)
  }
  for (let round = 0; round < mostRounds; round++) {
    const middle = low + ((high - low) * below) / (below - above)
    const value = read(middle)
    if (Math.abs(value) < precision) return middle
    if (value < 0) {
      low = middle
      below = value
      above /= 2
    } else {
      high = middle
      above = value
      below /= 2
    }
  }
  return high
}

/** Of the logarithm of the money, of which about seven have to be won: closer than what is taken for granted. */
const precision = 0.02

/** A start that falls due makes a step; around it the search only halves. */
const mostRounds = 20

const never: Passage = { meanSeconds: Infinity, deviationSeconds: 0 }

/** What a bet with this growth loses a second, at least 0. */
export function lossOf(growth: number): number {
  return Math.max(0, -growth)
}

/** The chance that trouble is found within a time. */
export function chanceWithin(seconds: number, passage: Passage): number {
  return passage.meanSeconds === Infinity
    ? 0
    : passageCdf(seconds, passage.meanSeconds, passage.deviationSeconds)
}

/** Three years: nobody waits longer. */
const longestSeconds = 1e8

/** The share of the money placed by one start at a time of the rollout. */
function startWeight(enteredSeconds: number): number {
  const due = Math.max(1, enteredSeconds / startSeconds)
  return (
    ((1 - firstWeight) * halfPlacedStarts) /
    ((due + halfPlacedStarts) * (due - 1 + halfPlacedStarts))
  )
}

/** What is left of the money placed before the trouble began. */
function moneyAtOnset(decay: number, { enteredSeconds, sinceStart }: Onset): number {
  if (enteredSeconds === 0) return firstWeight
  const starts = Math.max(1, Math.floor(enteredSeconds / startSeconds))
  const each = startWeight(enteredSeconds) * geometric(decay * startSeconds, starts)
  return firstWeight * Math.exp(-decay * enteredSeconds) + each * Math.exp(-decay * sinceStart)
}

/** The money placed since, as if all had grown from the beginning of the trouble on. */
function moneySinceOnset(
  growth: number,
  { enteredSeconds, sinceStart }: Onset,
  seconds: number,
): number {
  const first = startSeconds - sinceStart
  if (seconds < first) return 0
  const starts = Math.floor((seconds - first) / startSeconds) + 1
  const each = startWeight(enteredSeconds) * geometric(growth * startSeconds, starts)
  return each * Math.exp(-growth * first)
}

/** 1 + e^−x + e^−2x + …, so many terms. */
function geometric(x: number, terms: number): number {
  return x < 1e-9 ? terms : Math.expm1(-x * terms) / Math.expm1(-x)
}
