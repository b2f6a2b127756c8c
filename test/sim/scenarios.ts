import type { Random } from './random.ts'
import { drawBursts } from './retry-bursts.ts'
import type { RowTerms } from './row.ts'
import { drawStickyUsers } from './sticky-users.ts'
import { drawLatencies, drawTick } from './traffic.ts'
import type { Draw, Scenario } from './watch.ts'

export const HOUR = 3600
/** Long enough for every run to end in detection; an average over the detected ones alone would flatter. */
const LONG = 20 * HOUR

/** Of the whole table, where a row says nothing else: canary 5 % of 200 requests/s. */
export const usual = { requests: 200, canaryShare: 0.05 }

/** From `onset` on the canary fails `ratio` times as often as the stable arm; an hour where nothing is wrong. */
export function describeErrors(
  terms: RowTerms,
  errorRatio: number,
  ratio: number,
  changes: { onset?: number; canaryShare?: number; seconds?: number } = {},
): Scenario {
  const { onset = 0, canaryShare = usual.canaryShare } = changes
  return {
    ...terms,
    onset,
    seconds: changes.seconds ?? (ratio <= 1.1 ? HOUR : LONG),
    draw(tick, second, random) {
      const canaryErrorRatio = second < onset ? errorRatio : errorRatio * ratio
      const arms = { stableErrorRatio: errorRatio, canaryErrorRatio }
      drawTick(tick, { ...usual, canaryShare, ...arms }, random)
    },
  }
}

/** Both arms always fail equally often: nothing is wrong with the canary. */
function describeShared(
  terms: RowTerms,
  shareAndRatioAt: (second: number) => { canaryShare?: number; errorRatio: number },
): Scenario {
  return { ...terms, seconds: HOUR, draw: drawShared(shareAndRatioAt) }
}

function drawShared(
  shareAndRatioAt: (second: number) => { canaryShare?: number; errorRatio: number },
): Draw {
  return (tick, second, random) => {
    const { errorRatio, canaryShare = usual.canaryShare } = shareAndRatioAt(second)
    const arms = { stableErrorRatio: errorRatio, canaryErrorRatio: errorRatio }
    drawTick(tick, { ...usual, canaryShare, ...arms }, random)
  }
}

/** Everybody's error ratio swings between a third of a percent and three, every twenty minutes. */
export function describeSwing(terms: RowTerms): Scenario {
  return describeShared(terms, (second) => ({
    errorRatio: 0.01 * 3 ** Math.sin((2 * Math.PI * second) / (HOUR / 3)),
  }))
}

/** Five times in the hour something fails that both arms need: 40 % errors for 20 s. */
export function describeOutages(terms: RowTerms): Scenario {
  const scenario = describeShared(terms, () => ({ errorRatio: 0.01 }))
  return {
    ...scenario,
    prepare(random) {
      const outages = Array.from({ length: 5 }, () => Math.floor(random.uniform() * (HOUR - 20)))
      return drawShared((second) => {
        const isOut = outages.some((from) => second >= from && second < from + 20)
        return { errorRatio: isOut ? 0.4 : 0.01 }
      })
    },
  }
}

/** Within the hour the share goes from 1 to 50 % and everybody's error ratio from 0.5 to 2 %. */
export function describeShareMove(terms: RowTerms): Scenario {
  return describeShared(terms, (second) => {
    const progress = second / HOUR
    return { canaryShare: 0.01 + 0.49 * progress, errorRatio: 0.005 + 0.015 * progress }
  })
}

/** Errors come in bursts of retries: mean 4, at most 10. */
export function describeBursts(terms: RowTerms, knowsUnits: boolean): Scenario {
  return {
    ...terms,
    seconds: HOUR,
    draw(tick, _, random) {
      drawBursts(tick, { ...usual, stableErrorRatio: 0.01, canaryErrorRatio: 0.01 }, random)
      if (knowsUnits) return
      delete tick.canary.failedUnits
      delete tick.stable.failedUnits
    },
  }
}

/** A canary of the same few unequal users for the whole hour. */
export function describeSticky(terms: RowTerms, users: number, isCalibrated: boolean): Scenario {
  return {
    ...terms,
    seconds: HOUR,
    draw: () => {},
    prepare(random) {
      const sticky = drawStickyUsers(users, usual.canaryShare, usual.requests * HOUR, random)
      return (tick, _, own) => {
        drawTick(tick, { ...usual, ...sticky }, own)
        if (isCalibrated) tick.calibration = sticky.calibration
      }
    },
  }
}

/** Durations beside the errors; the canary's are `slowdown` times as long. */
export function describeLatency(terms: RowTerms, slowdown: number): Scenario {
  const errors = describeErrors(terms, 0.01, 1)
  return {
    ...errors,
    draw(tick, second, random) {
      errors.draw(tick, second, random)
      drawLatencies(tick, slowdown, random)
    },
  }
}

/** 5 → 25 → 50 percent for an hour each, then ten minutes at 100, where the stable arm is empty. */
export function describeRamp(terms: RowTerms): Scenario {
  const shares = [0.05, 0.25, 0.5, 1]
  return {
    ...terms,
    seconds: 3 * HOUR + HOUR / 6,
    draw(tick, second: number, random: Random) {
      const canaryShare = shares[Math.floor(second / HOUR)] ?? 1
      const arms = { stableErrorRatio: 0.01, canaryErrorRatio: 0.01 }
      drawTick(tick, { ...usual, canaryShare, ...arms }, random)
      drawLatencies(tick, 1, random)
    },
  }
}
