import { boundedRow, medianOfRounds } from './bounds.mjs'

const nodeOptions = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']

/** What telemetry adds to a question once its user has been told of. */
export async function exposuresRows({ rounds, warmMs, measureMs }) {
  const ask = (what) =>
    medianOfRounds(rounds, 'rows/exposures-child.mjs', { what, warmMs, measureMs }, nodeOptions)
  const bytes = await ask('bytes')
  return [
    boundedRow('isEnabled(), its exposures sent', await ask('observed'), 'ns'),
    boundedRow('   without telemetry', await ask('plain'), 'ns'),
    boundedRow('   bytes allocated by telemetry', bytes, 'B', 0, '0 B'),
  ]
}
