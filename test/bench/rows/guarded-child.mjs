// Nanoseconds that guarded() adds to isEnabled() and a call of the branch.
import { openFlags } from '@sluice/sdk'
import { definitionsOf } from '../contestants/sluice-flags.mjs'
import { measure } from '../measure.mjs'
import { userCount, usersOfOneShape } from '../users.mjs'
import { flagsFor, keyOf } from '../workloads.mjs'

const { warmMs, measureMs } = JSON.parse(process.argv[2])

const loaded = flagsFor('W2')
const key = keyOf(loaded, 'W2')
const flags = openFlags({
  environment: 'production',
  definitions: definitionsOf(loaded),
})
if (!(await flags.ready())) throw new Error('the client did not become live')

const users = usersOfOneShape()
const branches = { on: () => 1, off: () => 0 }
const sum = askOneself()
if (Math.abs(sum / userCount - 0.25) > 0.025) throw new Error(`${sum} of ${userCount} are served`)

const bare = await measure({ pass: askOneself, calls: userCount, sum, warmMs, measureMs })
const guarded = await measure({ pass: askGuarded, calls: userCount, sum, warmMs, measureMs })
process.stdout.write(`${JSON.stringify({ value: guarded.median - bare.median })}\n`)
process.exit(0)

function askOneself() {
  let on = 0
  for (const user of users) on += flags.isEnabled(key, user) ? branches.on() : branches.off()
  return on
}

function askGuarded() {
  let on = 0
  for (const user of users) on += flags.guarded(key, user, branches)
  return on
}
