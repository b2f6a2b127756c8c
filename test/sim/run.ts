import { parseArgs } from 'node:util'
import { errorRate, latency } from '@sluice/guards'
import {
  createBetsWithoutRestarts,
  createFixedWindow,
  createPeekingZTest,
  createPooledBets,
} from './contestants.ts'
import { drawLatencies, drawTick } from './traffic.ts'
import { type Outcome, type Scenario, simulate, type Watcher, watchWith } from './watch.ts'

// What the error-rate and latency guards do on simulated traffic, through the public API. Ends with 1 if they break
// their promise: at most 1 % false rollback, and detection within 15 % of the reference.

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
})
const runs = Number(values.runs)
const seed = Number(values.seed)
if (!(Number.isInteger(runs) && runs > 0 && Number.isInteger(seed))) {
  throw new Error('usage: npm run sim -- [--runs 1000] [--seed 1]')
}

const HOUR = 3600
/** Long enough for every run to end in detection; an average over the detected ones alone would flatter. */
const LONG = 20 * HOUR
const TOLERANCE = 0.15
const failures: string[] = []
/** The smallest margin proven in each A/A run, by percent of errors. */
const provenMargins: Record<1 | 0.1, number[]> = { 1: [], 0.1: [] }
/** The guard's own line among the contestants. */
const guardRow: string[] = []

/** Canary 5 % of 200 requests/s; from `onset` on the canary fails `ratio` times as often as the stable arm. */
function describeErrors(
  errorRatio: number,
  ratio: number,
  changes: Partial<Scenario> = {},
): Scenario {
  const onset = changes.onset ?? 0
  return {
    runs,
    seed,
    seconds: ratio === 1 ? HOUR : LONG,
    draw(tick, second, random) {
      const canaryErrorRatio = second < onset ? errorRatio : errorRatio * ratio
      const arms = { stableErrorRatio: errorRatio, canaryErrorRatio }
      drawTick(tick, { requests: 200, canaryShare: 0.05, ...arms }, random)
    },
    ...changes,
  }
}

/** Nothing is wrong, but within the hour the share goes from 1 to 50 % and everybody's error ratio from 0.5 to 2 %. */
const shareMove: Scenario = {
  ...describeErrors(0.01, 1),
  draw(tick, second, random) {
    const progress = second / HOUR
    const errorRatio = 0.005 + 0.015 * progress
    const arms = { stableErrorRatio: errorRatio, canaryErrorRatio: errorRatio }
    drawTick(tick, { requests: 200, canaryShare: 0.01 + 0.49 * progress, ...arms }, random)
  },
}

/** Latencies are dear to draw, so fewer runs. */
function describeLatency(slowdown: number): Scenario {
  const errors = describeErrors(0.01, 1)
  return {
    ...errors,
    runs: Math.max(1, Math.round(runs / 10)),
    draw(tick, second, random) {
      errors.draw(tick, second, random)
      drawLatencies(tick, slowdown, random)
    },
  }
}

function guardErrors(): Watcher {
  return watchWith([errorRate()])
}

function sayShare({ alarms, runs }: Outcome): string {
  return `${((100 * alarms) / runs).toFixed(alarms * 100 < runs * 10 ? 2 : 1)} %`
}

function saySeconds({ alarms, earlyAlarms, runs, meanSeconds }: Outcome): string {
  const shown = meanSeconds.toFixed(meanSeconds < 100 ? 1 : 0)
  return alarms + earlyAlarms === runs ? shown : `${shown} in ${alarms} of ${runs}`
}

function print(...cells: string[]): void {
  const [first, ...rest] = cells
  console.log(`${first!.padEnd(44)}${rest.map((cell) => cell.padStart(13)).join('')}`)
}

function expectFew(outcome: Outcome, what: string): Outcome {
  if (outcome.alarms > 0.01 * outcome.runs) failures.push(`${what}: ${sayShare(outcome)} > 1 %`)
  return outcome
}

function printFalseRollbacks(): void {
  print('False rollbacks in one hour', 'measured', 'reference')
  for (const [percent, reference] of [
    [1, '0.15 %'],
    [0.1, '0.3 %'],
  ] as const) {
    const what = `A/A, ${percent} % errors`
    const outcome = simulate(
      describeErrors(percent / 100, 1),
      guardErrors,
      ({ readProvenMargin }) => provenMargins[percent].push(readProvenMargin?.() ?? Infinity),
    )
    print(`  ${what}`, sayShare(expectFew(outcome, what)), reference)
    if (percent === 1) guardRow.push(sayShare(outcome))
  }
  const moved = expectFew(simulate(shareMove, guardErrors), 'share move')
  print('  share 1 → 50 %, errors 0.5 → 2 %', sayShare(moved), '0.25 %')
  print('  the same with pooled ratios', sayShare(simulate(shareMove, createPooledBets)), '100 %')
  const slow = simulate(describeLatency(1), () => watchWith([latency()]))
  print(`  A/A, latency (${slow.runs} runs)`, sayShare(expectFew(slow, 'latency A/A')), '0 %')
}

function printDetection(): void {
  console.log()
  const columns = ['measured', '± s.e.', 'reference', 'difference', 'bound']
  print('Mean seconds to rollback, 1 % errors', ...columns)
  for (const [ratio, reference, bound] of [
    [1.6, 793, 487],
    [2, 266, 165],
    [3, 68, 44.3],
    [10, 6.8, 3.9],
  ] as const) {
    const outcome = simulate(describeErrors(0.01, ratio), guardErrors)
    const { meanSeconds, errorSeconds } = outcome
    // With few runs chance alone may exceed the tolerance: only what chance does not explain is a failure.
    if (outcome.alarms < runs || meanSeconds - 2 * errorSeconds > (1 + TOLERANCE) * reference) {
      failures.push(`R = ${ratio}: ${saySeconds(outcome)} s against ${reference} s`)
    }
    const difference = Math.round(100 * (meanSeconds / reference - 1))
    const percent = `${difference < 0 ? '−' : '+'}${Math.abs(difference)} %`
    const cells = [errorSeconds.toFixed(1), String(reference), percent, String(bound)]
    print(`  R = ${ratio}`, saySeconds(outcome), ...cells)
    guardRow.push(saySeconds(outcome))
  }
}

function printLateAndRare(): void {
  console.log()
  print('Mean seconds to rollback, other cases', 'measured', 'reference')
  const late = describeErrors(0.01, 10, { onset: HOUR / 2 })
  print('  R = 10 from minute 30', saySeconds(simulate(late, guardErrors)), '10')
  print('  the same without restarts', saySeconds(simulate(late, createBetsWithoutRestarts)), '85')
  print('  R = 3, 0.1 % errors', saySeconds(simulate(describeErrors(0.001, 3), guardErrors)), '582')
  print(
    '  R = 10, 0.1 % errors',
    saySeconds(simulate(describeErrors(0.001, 10), guardErrors)),
    '52',
  )
  const guardAnySlowdown = () => watchWith([latency({ rollbackRatio: 1.2 })])
  const guardSlowdown = () => watchWith([latency()])
  print('  latency × 1.5 found', saySeconds(simulate(describeLatency(1.5), guardAnySlowdown)), '32')
  print('  latency × 2 found', saySeconds(simulate(describeLatency(2), guardAnySlowdown)), '14.6')
  print('  latency × 2 rolled back', saySeconds(simulate(describeLatency(2), guardSlowdown)), '–')
  print('  latency × 3 rolled back', saySeconds(simulate(describeLatency(3), guardSlowdown)), '–')
}

function printProofs(): void {
  console.log()
  print('A healthy canary after one hour at 5 %', 'measured', 'reference')
  for (const [percent, tight, loose] of [
    [1, '20 %', '100 %'],
    [0.1, '7 %', '53 %'],
  ] as const) {
    const sayProven = (margin: number) => {
      const proven = provenMargins[percent].filter((smallest) => smallest <= margin + 1e-9)
      return `${((100 * proven.length) / runs).toFixed(1)} %`
    }
    print(`  at most + 10 % proven, ${percent} % errors`, sayProven(0.1), tight)
    print(`  at most + 50 % proven, ${percent} % errors`, sayProven(0.5), loose)
  }
}

function printContestants(): void {
  console.log()
  const ratios = [1.6, 2, 3, 10]
  print('Other ways, 1 % errors', 'false', ...ratios.map((ratio) => `R = ${ratio}`))
  print('  guard', ...guardRow)
  const contestants: [string, () => Watcher][] = [
    ['bets without restarts', createBetsWithoutRestarts],
    ['first minute over 1.5 × stable', () => createFixedWindow(1)],
    ['third minute over 1.5 × stable', () => createFixedWindow(3)],
    ['fifth minute over 1.5 × stable', () => createFixedWindow(5)],
    ['z-test at 95 %, asked every second', createPeekingZTest],
  ]
  for (const [name, createWatcher] of contestants) {
    print(
      `  ${name}`,
      sayShare(simulate(describeErrors(0.01, 1), createWatcher)),
      ...ratios.map((ratio) => saySeconds(simulate(describeErrors(0.01, ratio), createWatcher))),
    )
  }
}

console.log(
  `${runs} runs, seed ${seed}; canary 5 % of 200 requests/s, a look every second, alpha 1 %\n`,
)
printFalseRollbacks()
printDetection()
printLateAndRare()
printProofs()
printContestants()
if (failures.length > 0) {
  console.log(`\nBroken: ${failures.join('; ')}`)
  process.exitCode = 1
}
