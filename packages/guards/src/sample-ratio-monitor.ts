import { anytimeInterval, informationOfShare } from './anytime-interval.ts'
import type { Monitor } from './monitor.ts'
import type { SampleRatioGuard } from './sample-ratio-guard.ts'
import { readNumbers, restoreNumbers, saveNumbers } from './saved-numbers.ts'
import { type Decided, readDecision, type Verdict } from './verdict.ts'
import { sayNumber, sayPercent } from './wording.ts'

/** What is bet on: the canary's odds are so many times what they should be, either way. */
const ODDS = [0.25, 0.5, 0.67, 0.8, 0.9, 1.1, 1.25, 1.5, 2, 4]

/** A change of the share reaches all processes within seconds; until then a unit's arm is anybody's guess. */
const SETTLE_MS = 5_000

/** The usual level; it is for people only. */
const INTERVAL_CONFIDENCE = 0.95

/**
 * Watches the claim "each unit is in the canary with the configured probability", by units when they are first seen.
 *
 * Each share is a test of its own, for the units of one are those of the next: the n-th has alpha / (n (n + 1)).
 */
export function createSampleRatioMonitor(guard: SampleRatioGuard, alpha: number): Monitor {
  const logWealths = new Float64Array(ODDS.length)
  let share = Number.NaN
  let shareSince = Number.NaN
  let shares = 0
  let canaryUnits = 0
  let units = 0
  let dataAt = Number.NaN
  let decided: Decided | undefined

  const observe: Monitor['observe'] = ({ at, stable, canary, canaryShare, processes = 1 }) => {
    if (canaryShare === undefined) return
    if (!(canaryShare > 0 && canaryShare < 1)) {
      // When the share comes back, so do the same units: they are not to speak twice in one test.
      shareSince = Number.NaN
      return
    }
    if (canaryShare !== share || Number.isNaN(shareSince)) begin(canaryShare, at)
    const newCanary = canary.units
    const newStable = stable.units
    if (newCanary === undefined || newStable === undefined) return
    dataAt = at
    if (at - shareSince < SETTLE_MS || newCanary + newStable === 0) return
    for (let bet = 0; bet < ODDS.length; bet++) {
      const odds = ODDS[bet]!
      const cost = Math.log(1 + (odds - 1) * share)
      const gain = newCanary * Math.log(odds) - (newCanary + newStable) * cost
      // Each process may count the same unit once: by convexity the gain may be divided by their number.
      logWealths[bet]! += gain / processes
    }
    canaryUnits += newCanary
    units += newCanary + newStable
    if (decided === undefined && units >= guard.minUnits && readLog() >= readThreshold()) {
      decided = { at, because: `${sayFinding()}: beyond chance` }
    }
  }

  function begin(newShare: number, at: number): void {
    share = newShare
    shareSince = at
    shares++
    logWealths.fill(0)
    canaryUnits = 0
    units = 0
  }

  function readThreshold(): number {
    return Math.log((shares * (shares + 1)) / alpha)
  }

  function readLog(): number {
    const largest = logWealths.reduce((most, value) => Math.max(most, value), -Infinity)
    const sum = logWealths.reduce((total, value) => total + Math.exp(value - largest), 0)
    return largest + Math.log(sum / ODDS.length)
  }

  function sayFinding(): string {
    const found = sayPercent(canaryUnits / units)
    return `the canary has ${found} of ${sayNumber(units)} units, it was to have ${sayPercent(share)}`
  }

  function judge(): Verdict {
    const evidence = decided ? 1 : shares === 0 ? 0 : readLog() / readThreshold()
    const arm = (count: number) => ({ requests: count, errors: 0 })
    return {
      guard: guard.name,
      kind: guard.kind,
      ...describe(),
      estimate: units === 0 ? undefined : canaryUnits / units,
      ...readInterval(),
      evidence: Math.min(1, Math.max(0, evidence)),
      evidenceLog: readLog(),
      counts: { stable: arm(units - canaryUnits), canary: arm(canaryUnits) },
      ...(Number.isNaN(dataAt) ? {} : { dataAt }),
      ...(decided === undefined ? {} : { decidedAt: decided.at }),
    }
  }

  function readInterval(): Pick<Verdict, 'interval' | 'intervalConfidence'> {
    if (canaryUnits === 0 || canaryUnits === units) return {}
    const information = informationOfShare(canaryUnits, units)
    const [low, high] = anytimeInterval(canaryUnits / units, information, INTERVAL_CONFIDENCE)
    return { interval: [low, Math.min(1, high)], intervalConfidence: INTERVAL_CONFIDENCE }
  }

  function describe(): Pick<Verdict, 'outcome' | 'consequence' | 'because' | 'next' | 'basis'> {
    const { consequence, minUnits } = guard
    if (decided) {
      const next = 'nothing: find out why units are missing or counted twice'
      return { outcome: 'fail', consequence, because: decided.because, next }
    }
    if (units < minUnits) {
      const because =
        units === 0 ? 'no units counted at this share yet' : `only ${sayNumber(units)} units yet`
      const next = `${sayNumber(minUnits - units)} more units`
      return { outcome: 'inconclusive', consequence, because, next }
    }
    const next = 'arms that are out of proportion'
    return { outcome: 'pass', consequence, basis: 'estimate', because: sayFinding(), next }
  }

  function save() {
    const numbers = [share, shareSince, shares, canaryUnits, units, dataAt]
    return { logWealths: saveNumbers(logWealths), numbers: saveNumbers(numbers), decided }
  }

  const restore: Monitor['restore'] = (saved) => {
    restoreNumbers(logWealths, saved.logWealths)
    decided = readDecision(saved.decided)
    const numbers = readNumbers(saved.numbers, 6)
    share = numbers[0]!
    shareSince = numbers[1]!
    shares = numbers[2]!
    canaryUnits = numbers[3]!
    units = numbers[4]!
    dataAt = numbers[5]!
  }

  const findDemand = () => (decided === undefined ? undefined : guard.consequence)

  return { observe, judge, findDemand, save, restore }
}
