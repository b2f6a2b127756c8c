import type { Tick } from '@sluice/guards'
import type { Watcher } from './watch.ts'

/**
 * What most canary tools do: each minute, compare the error ratios; so many minutes over 1.5 × roll back.
 *
 * @param failures How many such minutes in all.
 */
export function createFixedWindow(failures: number): Watcher {
  const window = createTotals()
  let seconds = 0
  let failed = 0
  return createWatcher((tick) => {
    addTo(window, tick)
    if (++seconds % 60 !== 0) return false
    const { canaryErrors, canaryRequests, stableErrors, stableRequests } = window
    const isWorse = canaryErrors / canaryRequests > (1.5 * stableErrors) / stableRequests
    if (isWorse) failed++
    Object.assign(window, createTotals())
    return failed >= failures
  })
}

/** A one-sided z-test of two proportions at 95 %, asked every second. */
export function createPeekingZTest(): Watcher {
  const total = createTotals()
  return createWatcher((tick) => {
    addTo(total, tick)
    const { canaryErrors, canaryRequests, stableErrors, stableRequests } = total
    const pooled = (canaryErrors + stableErrors) / (canaryRequests + stableRequests)
    const variance = pooled * (1 - pooled) * (1 / canaryRequests + 1 / stableRequests)
    const difference = canaryErrors / canaryRequests - stableErrors / stableRequests
    return variance > 0 && difference / Math.sqrt(variance) > 1.645
  })
}

/**
 * Kayenta's kind of comparison: the canary's error ratios of all minutes so far beside the stable arm's, by the rank test of Mann
 * and Whitney, two-sided at 98 %, asked every five minutes; fewer could never be that unlikely.
 */
export function createMannWhitney(): Watcher {
  const minute = createTotals()
  const canaryRatios: number[] = []
  const stableRatios: number[] = []
  let seconds = 0
  return createWatcher((tick) => {
    addTo(minute, tick)
    if (++seconds % 60 !== 0) return false
    canaryRatios.push(minute.canaryErrors / minute.canaryRequests)
    stableRatios.push(minute.stableErrors / minute.stableRequests)
    Object.assign(minute, createTotals())
    const n = canaryRatios.length
    if (n % 5 !== 0) return false
    let wins = 0
    for (const own of canaryRatios) {
      for (const other of stableRatios) wins += own > other ? 1 : own === other ? 0.5 : 0
    }
    const deviation = Math.sqrt((n * n * (2 * n + 1)) / 12)
    return (wins - (n * n) / 2 - 0.5) / deviation > 2.326
  })
}

/** The same bets as the guard's, all placed on the first tick: no fresh money for trouble that begins late. */
export function createBetsWithoutRestarts(): Watcher {
  const logWealths = ratios.map(() => 0)
  return createWatcher((tick) => {
    ratios.forEach((ratio, bet) => {
      logWealths[bet]! += computeGain(ratio, readCounts(tick))
    })
    return isRejected(logWealths)
  })
}

/** The same bets on the totals of the rollout, as if split and rates had stood still: Simpson's paradox. */
export function createPooledBets(): Watcher {
  const total = createTotals()
  return createWatcher((tick) => {
    addTo(total, tick)
    return isRejected(ratios.map((ratio) => computeGain(ratio, total)))
  })
}

interface Totals {
  canaryErrors: number
  canaryRequests: number
  stableErrors: number
  stableRequests: number
}

const MARGIN = 1.1
const ALPHA = 0.01
const ratios = Array.from({ length: 8 }, (_, bet) => MARGIN * 1.3 * (25 / 1.3) ** (bet / 7))

function createWatcher(isAlarm: (tick: Tick) => boolean): Watcher {
  let alarmAt: number | undefined
  return {
    observe(tick) {
      if (alarmAt === undefined && isAlarm(tick)) alarmAt = tick.at
    },
    findAlarmAt: () => alarmAt,
  }
}

function createTotals(): Totals {
  return { canaryErrors: 0, canaryRequests: 0, stableErrors: 0, stableRequests: 0 }
}

function readCounts({ canary, stable }: Tick): Totals {
  return {
    canaryErrors: canary.errors,
    canaryRequests: canary.requests,
    stableErrors: stable.errors,
    stableRequests: stable.requests,
  }
}

function addTo(total: Totals, tick: Tick): void {
  total.canaryErrors += tick.canary.errors
  total.canaryRequests += tick.canary.requests
  total.stableErrors += tick.stable.errors
  total.stableRequests += tick.stable.requests
}

function computeGain(ratio: number, counts: Totals): number {
  const { canaryErrors, canaryRequests, stableErrors, stableRequests } = counts
  return (
    canaryErrors * Math.log(ratio / MARGIN) -
    (canaryErrors + stableErrors) *
      Math.log(
        (ratio * canaryRequests + stableRequests) / (MARGIN * canaryRequests + stableRequests),
      )
  )
}

function isRejected(logWealths: number[]): boolean {
  const wealth = logWealths.reduce((sum, value) => sum + Math.exp(value), 0) / logWealths.length
  return wealth >= 1 / ALPHA
}
