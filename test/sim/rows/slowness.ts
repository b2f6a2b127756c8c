import { latency } from '@sluice/guards'
import { checkSoon, fewer, type Row, saySeconds } from '../row.ts'
import { describeLatency } from '../scenarios.ts'
import { simulate, watchWith } from '../watch.ts'

/** Found: the claim is rejected and the rollout holds at least. */
const guardAnySlowdown = () => watchWith([latency({ rollbackRatio: 1.2 })])
const guardSlowdown = () => watchWith([latency()])

/** Mean seconds; ten of them learn the stable arm's latencies. */
export const slowness: readonly Row[] = [1.5, 2, 2.2, 3].map((slowdown) => ({
  group: 'Mean seconds, latency, with 10 s of warm-up',
  name: `× ${slowdown}`,
  columns: ['found', '± s.e.', 'promised', 'rolled back', 'runs'],
  run(terms) {
    const scenario = describeLatency({ ...terms, runs: fewer(terms.runs, 5) }, slowdown)
    const found = simulate(scenario, guardAnySlowdown)
    const limit = slowdown === 2 ? 20 : undefined
    const cells = [
      saySeconds(found),
      found.errorSeconds.toFixed(1),
      limit === undefined ? '–' : `≤ ${limit}`,
      // Under twice as slow is a hold.
      slowdown < 2 ? '–' : saySeconds(simulate(scenario, guardSlowdown)),
      String(scenario.runs),
    ]
    return { cells, ...(limit === undefined ? {} : checkSoon(found, limit)) }
  },
}))
