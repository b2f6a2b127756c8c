import { errorRate } from '@sluice/guards'
import {
  createBetsWithoutRestarts,
  createFixedWindow,
  createMannWhitney,
  createPeekingZTest,
} from '../contestants.ts'
import { type Row, saySeconds, sayShare } from '../row.ts'
import { describeErrors } from '../scenarios.ts'
import { simulate, type Watcher, watchWith } from '../watch.ts'

const ratios = [1.6, 2, 3, 10]

const methods: readonly [string, () => Watcher][] = [
  ['this guard', () => watchWith([errorRate()])],
  ['  its bets without restarts', createBetsWithoutRestarts],
  ['first minute over 1.5 × stable', () => createFixedWindow(1)],
  ['third minute over 1.5 × stable', () => createFixedWindow(3)],
  ['fifth minute over 1.5 × stable', () => createFixedWindow(5)],
  ['Mann–Whitney 98 % on minutes, asked every 5', createMannWhitney],
  ['z-test at 95 %, asked every second', createPeekingZTest],
]

/** Usual ways on the same traffic: what they cost, and what they gain. */
export const contestants: readonly Row[] = methods.map(([name, createWatcher]) => ({
  group: 'Other ways, 1 % errors',
  name,
  columns: ['false', ...ratios.map((ratio) => `R = ${ratio}`)],
  run: (terms) => ({
    cells: [
      sayShare(simulate(describeErrors(terms, 0.01, 1), createWatcher)),
      ...ratios.map((ratio) =>
        saySeconds(simulate(describeErrors(terms, 0.01, ratio), createWatcher)),
      ),
    ],
  }),
}))
