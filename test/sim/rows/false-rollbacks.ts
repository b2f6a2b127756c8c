import { errorRate, latency, limitFromHistory, maxErrorRate } from '@sluice/guards'
import { policyGuards } from '@sluice/rollout'
import { createPooledBets } from '../contestants.ts'
import { checkFew, fewer, type Row, type RowTerms, sayShare } from '../row.ts'
import {
  describeBursts,
  describeErrors,
  describeLatency,
  describeOutages,
  describeRamp,
  describeShareMove,
  describeSticky,
  describeSwing,
} from '../scenarios.ts'
import { type Scenario, simulate, type Watcher, watchForAnyFailure, watchWith } from '../watch.ts'

const group = 'False rollbacks'
const columns = ['measured', 'promised', 'runs']
const guardErrors = () => watchWith([errorRate()])

/** What is promised. */
function kept(name: string, describe: (terms: RowTerms) => Scenario, watch = guardErrors): Row {
  return createRow(name, describe, watch, '≤ 1 %')
}

/** What is not, and shows what a safeguard is for. */
function without(name: string, describe: (terms: RowTerms) => Scenario, watch = guardErrors): Row {
  return createRow(name, describe, watch, '–')
}

function createRow(
  name: string,
  describe: (terms: RowTerms) => Scenario,
  watch: () => Watcher,
  promised: string,
): Row {
  return {
    group,
    name,
    columns,
    run(terms) {
      const outcome = simulate(describe(terms), watch)
      const cells = [sayShare(outcome), promised, String(outcome.runs)]
      return { cells, ...(promised === '–' ? {} : checkFew(outcome)) }
    },
  }
}

/** Drawing what is dear. */
function rarer(by: number, describe: (terms: RowTerms) => Scenario) {
  return (terms: RowTerms) => describe({ ...terms, runs: fewer(terms.runs, by) })
}

const statisticalKinds = ['error_rate', 'latency', 'max_error_rate', 'max_latency']
const guardPolicy = () =>
  watchForAnyFailure(policyGuards().filter(({ kind }) => statisticalKinds.includes(kind)))

/** Blue-green without a holdback: the limit comes from an hour with one percent of errors. */
const guardByHistory = () =>
  watchWith([maxErrorRate({ ratio: limitFromHistory({ requests: 720_000, errors: 7_200 }) })])

const userCounts = [2_000, 20_000, 200_000]

/** What a healthy canary may do without being rolled back. */
export const falseRollbacks: readonly Row[] = [
  kept('A/A, 1 % errors', (terms) => describeErrors(terms, 0.01, 1)),
  kept('A/A, 0.1 % errors', (terms) => describeErrors(terms, 0.001, 1)),
  kept('exactly 1.1 × stable', (terms) => describeErrors(terms, 0.01, 1.1)),
  kept(
    'exactly 1.1 × stable, held or rolled back',
    (terms) => describeErrors(terms, 0.01, 1.1),
    () => watchForAnyFailure([errorRate()]),
  ),
  kept('shared swing 0.33–3 %', describeSwing),
  kept('shared outages, 5 × 20 s at 40 %', describeOutages),
  kept('share 1 → 50 %, errors 0.5 → 2 %', describeShareMove),
  without('  the same with totals', describeShareMove, createPooledBets),
  kept('retries (mean 4, max 10), by unit', (terms) => describeBursts(terms, true)),
  kept(
    'retries, evidence ÷ 10',
    (terms) => describeBursts(terms, false),
    () => watchWith([errorRate({ clusterSize: 10 })]),
  ),
  without('  the same by request', (terms) => describeBursts(terms, false)),
  ...userCounts.flatMap((users) => {
    const name = `${users.toLocaleString('en')} sticky, skewed users`
    const by = users > 100_000 ? 5 : 1
    return [
      kept(
        `${name}, calibrated`,
        rarer(by, (terms) => describeSticky(terms, users, true)),
      ),
      without(
        '  the same, not calibrated',
        rarer(by, (terms) => describeSticky(terms, users, false)),
      ),
    ]
  }),
  kept('blue-green, 5 % holdback on blue', (terms) =>
    describeErrors(terms, 0.01, 1, { canaryShare: 0.95 }),
  ),
  kept(
    'blue-green, limit from history',
    (terms) => describeErrors(terms, 0.01, 1, { canaryShare: 1 }),
    guardByHistory,
  ),
  kept(
    'A/A, latency',
    rarer(10, (terms) => describeLatency(terms, 1)),
    () => watchForAnyFailure([latency()]),
  ),
  kept('six policy guards, ramp of 3 h', rarer(10, describeRamp), guardPolicy),
]
