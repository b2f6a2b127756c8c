import { boundedRow, medianOfRounds } from './bounds.mjs'

const mostNs = 2000

/** What `guarded` adds to asking the flag and calling the branch oneself. */
export async function guardedRows({ rounds, warmMs, measureMs }) {
  const result = await medianOfRounds(rounds, 'rows/guarded-child.mjs', { warmMs, measureMs })
  return [boundedRow('overhead of guarded()', result, 'ns', mostNs, '<= 2,000 ns')]
}
