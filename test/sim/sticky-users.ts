import { calibrationFactor } from '@sluice/guards'
import type { Random } from './random.ts'

/** A canary that keeps its users, of whom few make many of the requests and of the errors. */
export interface StickyUsers {
  /** Of the requests, 0–1. */
  canaryShare: number
  /** The canary users' own error ratio, canary or not. */
  canaryErrorRatio: number
  stableErrorRatio: number
  /** What an hour of counting before the rollout gives: see `calibrationFactor`. */
  calibration: number
}

/**
 * How active users are: Pareto with this index, so that a few own much of the traffic.
 *
 * With {@link spread} it was chosen so that 2,000, 20,000 and 200,000 users give about 15, 8 and 5 % false rollbacks.
 */
const activityIndex = 1.2

/** How their error ratios are spread: lognormal with mean one percent and this standard deviation of the logarithm. */
const spread = 1.5
const meanErrorRatio = 0.01

/**
 * Draws users, and who of them is on the canary.
 *
 * Each request is of a user by chance, so that an arm's errors are binomial with its users' mean ratio.
 *
 * @param users How many there are.
 * @param canaryShare Of the users, 0–1.
 * @param countedRequests How many requests of both arms are counted before the rollout.
 */
export function drawStickyUsers(
  users: number,
  canaryShare: number,
  countedRequests: number,
  random: Random,
): StickyUsers {
  const canaryUsers = Math.round(users * canaryShare)
  const canary = drawGroup(canaryUsers, random)
  const stable = drawGroup(users - canaryUsers, random)
  const requestShare = canary.activity / (canary.activity + stable.activity)
  const canaryRequests = Math.round(countedRequests * requestShare)
  const cohort = drawCounts(canaryRequests, canary.errorRatio, random)
  const rest = drawCounts(countedRequests - canaryRequests, stable.errorRatio, random)
  return {
    canaryShare: requestShare,
    canaryErrorRatio: canary.errorRatio,
    stableErrorRatio: stable.errorRatio,
    calibration: calibrationFactor({ cohort, rest }),
  }
}

/** How active some users are together, and how often their requests fail. */
function drawGroup(users: number, random: Random): { activity: number; errorRatio: number } {
  let activity = 0
  let errors = 0
  for (let user = 0; user < users; user++) {
    const own = (1 - random.uniform()) ** (-1 / activityIndex)
    const ratio = meanErrorRatio * Math.exp(spread * random.normal() - spread ** 2 / 2)
    activity += own
    errors += own * Math.min(1, ratio)
  }
  return { activity, errorRatio: errors / activity }
}

function drawCounts(requests: number, errorRatio: number, random: Random) {
  return { requests, errors: random.binomial(requests, errorRatio) }
}
