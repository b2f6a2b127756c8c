// Milliseconds from 10,000 definitions to the first answer.
import { performance } from 'node:perf_hooks'
import { keyAt, manyDefinitions, manyFlagdFlags, planUser } from './many-flags.mjs'

const { how } = JSON.parse(process.argv[2])
const key = keyAt(7777)

let startedAt
let isOn
if (how === 'flagd-core') {
  const { FlagdCore } = await import('@openfeature/flagd-core')
  const text = JSON.stringify(manyFlagdFlags())
  startedAt = performance.now()
  const core = new FlagdCore()
  core.setConfigurations(text)
  isOn = core.resolveBooleanEvaluation(key, false, planUser).value
} else {
  const { createFlagSet } = await import(how === 'validated' ? '@sluice/core/node' : '@sluice/core')
  const definitions = manyDefinitions()
  startedAt = performance.now()
  isOn = createFlagSet(definitions, { environment: 'production' }).isEnabled(key, planUser)
}
const value = performance.now() - startedAt
if (isOn !== true) throw new Error(`the first answer was ${isOn}`)
process.stdout.write(`${JSON.stringify({ value })}\n`)
process.exit(0)
