// Nanoseconds that guarded() adds to isEnabled() and a call of the branch.
import * as sdk from '@sluice/sdk'
import { definitionsOf } from '../contestants/sluice-flags.mjs'
import { measure } from '../measure.mjs'
import { userCount, usersOfOneShape } from '../users.mjs'
import { flagsFor, keyOf } from '../workloads.mjs'

if (typeof sdk.openFlags !== 'function') throw new Error('not built yet: @sluice/sdk')
const { warmMs, measureMs } = JSON.parse(process.argv[2])

const loaded = flagsFor('W2')
const key = keyOf(loaded, 'W2')
const flags = await sdk.openFlags({
  store: sdk.createMemoryStore(),
  environment: 'production',
  definitions: definitionsOf(loaded),
})
await flags.ready({ timeout: 5000 })
if (typeof flags.guarded !== 'function') throw new Error('not built yet: guarded()')

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
