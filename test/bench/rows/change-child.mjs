// Milliseconds from one changed flag among 10,000 to its first answer: the median of many changes.
import { performance } from 'node:perf_hooks'
import { medianOf } from '../measure.mjs'
import { keyAt, manyDefinitions, manyFlags, planUser } from './many-flags.mjs'

/** As many flags are changed, one after another, each turned off by its change. */
const changes = 200

const { how } = JSON.parse(process.argv[2])
const change = how === 'client' ? await openClient() : await openSet()

const took = []
for (let turn = 0; turn < changes; turn += 1) {
  // Flags whose second rule serves the user, so that the change shows.
  const key = keyAt((turn * 370 + 7) % manyFlags)
  took.push(await change(key))
}
process.stdout.write(`${JSON.stringify({ value: medianOf(took) })}\n`)
process.exit(0)

async function openSet() {
  const { createFlagSet } = await import('@sluice/core/node')
  const definitions = manyDefinitions()
  let flags = createFlagSet(definitions, { environment: 'production' })
  return (key) => {
    expect(flags.isEnabled(key, planUser), true)
    const changed = { ...definitions[key], enabled: false }
    const startedAt = performance.now()
    flags = flags.with({ flags: { [key]: changed } })
    const isOn = flags.isEnabled(key, planUser)
    const elapsed = performance.now() - startedAt
    expect(isOn, false)
    return elapsed
  }
}

async function openClient() {
  const { openFlags } = await import('@sluice/stores')
  const { createMemoryStore } = await import('@sluice/stores/memory')
  const client = openFlags({
    store: createMemoryStore(),
    environment: 'production',
    definitions: manyDefinitions(),
  })
  if (!(await client.ready())) throw new Error('the client did not become live')
  return async (key) => {
    expect(client.isEnabled(key, planUser), true)
    const startedAt = performance.now()
    await client.disable(key, { actor: 'bench', reason: 'measured' })
    const isOn = client.isEnabled(key, planUser)
    const elapsed = performance.now() - startedAt
    expect(isOn, false)
    return elapsed
  }
}

function expect(found, expected) {
  if (found !== expected) throw new Error(`a flag was ${found}, not ${expected}`)
}
