import { errorRate } from '@sluice/guards'
import { computeBound } from '../bound.ts'
import { createBetsWithoutRestarts } from '../contestants.ts'
import { checkSoon, type Row, type RowResult, type RowTerms, saySeconds } from '../row.ts'
import { describeErrors, HOUR, usual } from '../scenarios.ts'
import { type Outcome, type Scenario, simulate, type Watcher, watchWith } from '../watch.ts'

/** How much longer than the least possible a guard may take. */
const mostTimesBound = 1.8

const guardErrors = () => watchWith([errorRate()])

/** Bad canaries, from the first second on. */
const byRatio: Row[] = [1.6, 2, 3, 10].map((ratio) => ({
  group: 'Mean seconds to rollback, 1 % errors',
  name: `R = ${ratio}`,
  columns: ['measured', '± s.e.', 'bound', '÷ bound', 'promised'],
  run(terms) {
    const outcome = simulate(describeErrors(terms, 0.01, ratio), guardErrors)
    const bound = boundOf(0.01, ratio, usual.canaryShare)
    // Ten canary requests a second: ten times the errors must be found in ten seconds.
    const limit = ratio === 10 ? Math.min(10, mostTimesBound * bound) : mostTimesBound * bound
    return describeTime(outcome, bound, limit)
  },
}))

function boundOf(errorRatio: number, ratio: number, canaryShare: number): number {
  const canaryRequests = usual.requests * canaryShare
  const stableRequests = usual.requests - canaryRequests
  return computeBound({
    ...{ canaryRequests, stableRequests, errorRatio, ratio },
    ...{ marginRatio: 1.1, alpha: 0.01 },
  })
}

function describeTime(outcome: Outcome, bound: number, limit: number): RowResult {
  return {
    cells: [
      saySeconds(outcome),
      outcome.errorSeconds.toFixed(1),
      bound.toFixed(bound < 100 ? 1 : 0),
      (outcome.meanSeconds / bound).toFixed(2),
      `≤ ${limit.toFixed(limit < 100 ? 1 : 0)}`,
    ],
    ...checkSoon(outcome, limit),
  }
}

const otherCases = 'Mean seconds to rollback, other cases'
const otherColumns = ['measured', '± s.e.', 'promised']

function other(
  name: string,
  describe: (terms: RowTerms) => Scenario,
  limit?: number,
  watch: () => Watcher = guardErrors,
): Row {
  return {
    group: otherCases,
    name,
    columns: otherColumns,
    run(terms) {
      const outcome = simulate(describe(terms), watch)
      const promised = limit === undefined ? '–' : `≤ ${limit}`
      const cells = [saySeconds(outcome), outcome.errorSeconds.toFixed(1), promised]
      return { cells, ...(limit === undefined ? {} : checkSoon(outcome, limit)) }
    },
  }
}

const late = (terms: RowTerms) => describeErrors(terms, 0.01, 10, { onset: HOUR / 2 })

/** How soon bad canaries are found. */
export const detection: readonly Row[] = [
  ...byRatio,
  other('R = 10 from minute 30', late, 15),
  other('  the same without restarts', late, undefined, createBetsWithoutRestarts),
  other('R = 3, 0.1 % errors', (terms) => describeErrors(terms, 0.001, 3)),
  other('R = 10, 0.1 % errors', (terms) => describeErrors(terms, 0.001, 10)),
  other('R = 2, blue-green with 5 % holdback', (terms) =>
    describeErrors(terms, 0.01, 2, { canaryShare: 0.95 }),
  ),
  other('R = 10, blue-green with 5 % holdback', (terms) =>
    describeErrors(terms, 0.01, 10, { canaryShare: 0.95 }),
  ),
]
