import { errorRate } from '@sluice/guards'
import type { Row } from '../row.ts'
import { describeErrors } from '../scenarios.ts'
import { simulate, watchWith } from '../watch.ts'

/** What an hour of health proves. */
export const proofs: readonly Row[] = [1, 0.1].map((percent) => ({
  group: 'A healthy canary after one hour at 5 %: share of rollouts that prove',
  name: `${percent} % errors`,
  columns: ['+ 10 %', '+ 25 %', '+ 50 %'],
  run(terms) {
    const margins: number[] = []
    simulate(
      describeErrors(terms, percent / 100, 1),
      () => watchWith([errorRate()]),
      ({ readProvenMargin }) => margins.push(readProvenMargin?.() ?? Infinity),
    )
    const cells = [0.1, 0.25, 0.5].map((margin) => {
      const proven = margins.filter((smallest) => smallest <= margin + 1e-9)
      return `${((100 * proven.length) / margins.length).toFixed(1)} %`
    })
    return { cells }
  },
}))
