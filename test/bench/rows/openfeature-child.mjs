// Nanoseconds of one awaited getBooleanValue() of OpenFeature's client, over the provider that is named.
import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk'
import { openFlags } from '@sluice/sdk'
import { createOpenFeatureProvider } from '@sluice/sdk/openfeature'
import { definitionsOf } from '../contestants/sluice-flags.mjs'
import { measure } from '../measure.mjs'
import { userCount, usersOfOneShape } from '../users.mjs'
import { flagsFor, keyOf } from '../workloads.mjs'

const { provider, direct, warmMs, measureMs } = JSON.parse(process.argv[2])

const loaded = flagsFor('W1')
const key = keyOf(loaded, 'W1')
const chosen = provider === 'sluice' ? sluice() : inMemory()
await OpenFeature.setProviderAndWait(chosen)
const client = OpenFeature.getClient()
const users = usersOfOneShape()
const ask = direct
  ? async (user) => (await chosen.resolveBooleanEvaluation(key, false, user)).value
  : (user) => client.getBooleanValue(key, false, user)

const { median } = await measure({ pass, calls: userCount, sum: userCount, warmMs, measureMs })
process.stdout.write(`${JSON.stringify({ value: median })}\n`)
process.exit(0)

async function pass() {
  let on = 0
  for (const user of users) if (await ask(user)) on += 1
  return on
}

function sluice() {
  const definitions = definitionsOf(loaded)
  return createOpenFeatureProvider(openFlags({ environment: 'production', definitions }))
}

function inMemory() {
  const variants = { on: true, off: false }
  return new InMemoryProvider(
    Object.fromEntries(
      loaded.map((flag) => [flag.key, { variants, defaultVariant: 'on', disabled: false }]),
    ),
  )
}
