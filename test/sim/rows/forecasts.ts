import { errorRate } from '@sluice/guards'
import { canary, shareOfAlpha } from '@sluice/rollout'
import { fewer, type Row } from '../row.ts'
import { HOUR } from '../scenarios.ts'
import { drawTick } from '../traffic.ts'
import { type Outcome, type Scenario, simulate, watchWith } from '../watch.ts'

/** One stage of one plan on one traffic, forecast and simulated. */
export interface ForecastCase {
  readonly requests: number
  readonly errorRatio: number
  readonly canaryShare: number
  /** Seconds at the same share before the trouble begins; 0 or a whole stage. */
  readonly enteredSeconds: number
  readonly stageSeconds: number
}

/** The forecast of the case's stage. */
export function forecastCase(given: ForecastCase) {
  const { requests, errorRatio, canaryShare, enteredSeconds, stageSeconds } = given
  const percent = 100 * canaryShare
  const before = { rolloutPercent: 0.999 * percent, monitorMs: 1000 * enteredSeconds }
  const plan = canary({
    stages: [
      ...(enteredSeconds === 0 ? [] : [before]),
      { rolloutPercent: percent, monitorMs: 1000 * stageSeconds },
      { rolloutPercent: 100 },
    ],
  })
  const { stages } = plan.forecast({ requestsPerSecond: requests, baselineErrorRatio: errorRatio })
  const errors = stages[enteredSeconds === 0 ? 0 : 1]?.errors
  if (errors === undefined) throw new Error('the forecast says nothing of errors')
  return errors
}

/**
 * The same, played. A failure counts when the claim is rejected, be it for hold or rollback.
 *
 * Trouble that begins with a later stage begins anywhere between two of the starts of the bets, which are 30 s apart.
 */
export function playCase(
  given: ForecastCase,
  ratio: number,
  terms: { runs: number; seed: number },
  seconds = 40 * HOUR,
): Outcome {
  const phases = given.enteredSeconds === 0 ? [0] : [5, 15, 25]
  const runs = Math.ceil(terms.runs / phases.length)
  return mergeOutcomes(
    phases.map((phase) =>
      playFrom(given, ratio, { runs, seed: 31 * terms.seed + phase }, seconds, phase),
    ),
  )
}

function playFrom(
  { requests, errorRatio, canaryShare, enteredSeconds }: ForecastCase,
  ratio: number,
  terms: { runs: number; seed: number },
  seconds: number,
  phase: number,
): Outcome {
  const onset = enteredSeconds + phase
  const scenario: Scenario = {
    ...terms,
    onset,
    seconds: onset + seconds,
    draw(tick, second, random) {
      const worse = Math.min(1, ratio * errorRatio)
      const canaryErrorRatio = second < onset ? errorRatio : worse
      const arms = { stableErrorRatio: errorRatio, canaryErrorRatio }
      drawTick(tick, { requests, canaryShare, ...arms }, random)
    },
  }
  return simulate(scenario, () =>
    watchWith([errorRate({ rollbackRatio: 1.1 })], shareOfAlpha(0.01, 1)),
  )
}

function mergeOutcomes(parts: readonly Outcome[]): Outcome {
  const total = (read: (part: Outcome) => number) =>
    parts.reduce((sum, part) => sum + read(part), 0)
  const alarms = total((part) => part.alarms)
  return {
    runs: total((part) => part.runs),
    alarms,
    earlyAlarms: total((part) => part.earlyAlarms),
    meanSeconds: total((part) => part.alarms * part.meanSeconds) / alarms,
    errorSeconds: Math.sqrt(total((part) => (part.alarms * part.errorSeconds) ** 2)) / alarms,
  }
}

/** What the forecast may be wrong by: its times, and how often its "95 % of the time" comes true. */
export const timeTolerance = 0.25
export const leastFound = 0.9

const group = 'The forecast against simulation'
const columns = ['× 3 forecast', 'measured', 'smallest R', 'found']

/** Stages of an hour that are in turn a rollout's first, and its second. */
export const forecasts: readonly Row[] = [20, 200, 2000].flatMap((requests) =>
  [0.001, 0.01, 0.05].flatMap((errorRatio) =>
    [0.01, 0.05, 0.25, 0.5].map((canaryShare, index): Row => {
      const enteredSeconds = index % 2 === 0 ? 0 : HOUR
      const given = { requests, errorRatio, canaryShare, enteredSeconds, stageSeconds: HOUR }
      const start = enteredSeconds === 0 ? 'first' : 'second'
      return {
        group,
        name: `${requests}/s, ${100 * errorRatio} % errors, ${100 * canaryShare} %, ${start} stage`,
        columns,
        run: ({ runs, seed }) => runCase(given, { runs: fewer(runs, 10), seed }),
      }
    }),
  ),
)

function runCase(given: ForecastCase, terms: { runs: number; seed: number }) {
  const { secondsToFind, smallestRatioFound } = forecastCase(given)
  const expected = secondsToFind[3] ?? Infinity
  const isTooLong = expected > 4 * HOUR
  const triple = isTooLong ? undefined : playCase(given, 3, terms)
  const smallest = playCase(given, smallestRatioFound, terms, given.stageSeconds)
  const share = smallest.alarms / (smallest.runs - smallest.earlyAlarms)
  const cells = [
    expected.toFixed(expected < 100 ? 1 : 0),
    triple === undefined ? 'too long' : triple.meanSeconds.toFixed(1),
    smallestRatioFound.toFixed(2),
    `${(100 * share).toFixed(0)} %`,
  ]
  const off =
    triple === undefined ? 0 : Math.abs(expected - triple.meanSeconds) - 2 * triple.errorSeconds - 1
  const slack = 2 * Math.sqrt((leastFound * (1 - leastFound)) / smallest.runs)
  const faults = [
    ...(off > timeTolerance * expected ? ['time'] : []),
    ...(share < leastFound - slack ? ['95 % claim'] : []),
  ]
  return { cells, ...(faults.length > 0 ? { broken: `${faults.join(' and ')} off` } : {}) }
}
