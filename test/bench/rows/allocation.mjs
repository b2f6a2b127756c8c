import { runScript } from '../spawn.mjs'
import { flagKinds } from '../workloads.mjs'
import { boundedRow } from './bounds.mjs'

/** The young generation is made larger than what is to be found, so that no collection hides it. */
const nodeOptions = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']

/** 1,000 passes of 10,000 calls: one object of 16 bytes in a call would be 160 MB. */
const passes = 1000

/** Under this it is the meter and the clock, not the calls: one object in 1,600 calls. */
const mostBytes = 0.01

/** Bytes allocated in one evaluation of W1 to W5, and of one peer to show that the meter sees them. */
export async function allocationRows() {
  const rows = []
  for (const workload of flagKinds) {
    const title = `${workload} bytes allocated per evaluation`
    let result = await runScript(
      'rows/allocation-child.mjs',
      { contestant: 'client', workload, passes },
      nodeOptions,
    )
    if (result.absent)
      result = await runScript(
        'rows/allocation-child.mjs',
        { contestant: 'flagset', workload, passes },
        nodeOptions,
      )
    if (result.value !== undefined) result.value = result.value < mostBytes ? 0 : result.value
    rows.push(boundedRow(title, result, 'B', 0, '0 B'))
  }
  const peer = { contestant: 'flagd-core', workload: 'W1', passes: 20 }
  const result = await runScript('rows/allocation-child.mjs', peer, nodeOptions)
  rows.push(boundedRow('   the same meter on flagd-core, W1', result, 'B'))
  return rows
}
