/**
 * An application as the packages' users write it: compiled as ESM and as CJS against the packed
 * declarations, and run in both. It reaches every dependency that is CommonJS, and uses no type of
 * Node, so that the declarations must stand alone. Silence is success.
 */
import { bucketOf, isSluiceError, SluiceError } from '@sluice/core'
import { matchesEngine } from '@sluice/core/engines'
import { createFlagSet } from '@sluice/core/node'
import { parseDefinitions } from '@sluice/core/schema'
import { createTicker, type MetricSource } from '@sluice/guards'
import { parsePlan, type RolloutState } from '@sluice/rollout'
import { scriptedJudge } from '@sluice/rollout/testing'
import {
  canary,
  createRolloutController,
  defineFlags,
  errorRate,
  type Flags,
  openFlags,
} from '@sluice/sdk'
import { parseDefinitionText, verifyLog } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'

const environments = ['test']
const environment = 'test'
const definitions = { checkout: { enabled: true, rollout: 25, environments } }

function askFlagsInCode(): void {
  const flags = defineFlags(
    {
      checkout: { enabled: true, rollout: 25, environments },
      theme: {
        enabled: true,
        environments,
        variants: { dark: '#000', light: '#fff' },
        split: { dark: 100, light: 0 },
      },
    },
    { environment },
  )
  const isOn: boolean = flags.isEnabled('checkout', { id: 'user-42' })
  const { answer } = flags.explain('checkout', { id: 'user-42' })
  expect(answer.value === isOn, 'explain and isEnabled agree')
  expect(flags.string('theme', 'user-42', '') === '#000', 'a variant')
  expect(flags.checkout.rollout === 25, 'definitions stay readable')
  // @ts-expect-error A misspelt key does not compile.
  flags.isEnabled('chekout', { id: 'user-42' })
}

function runEngines(): void {
  const rules = [{ if: { attribute: 'version', semver: '>=2.1.0 <3' } }]
  const flags = createFlagSet({ beta: { enabled: true, rules, environments } }, { environment })
  expect(flags.isEnabled('beta', { id: 'ä', version: '2.1.7-rc.1+5' }) === false, 'semver')
  expect(flags.isEnabled('beta', { id: 'ä', version: '2.1.7' }), 'semver')
  expect(matchesEngine('^a+$')('aaa'), 're2js')
  // From the published vectors of the bucketing contract.
  expect(bucketOf('newUserProfile', 'Łódź') === 397_807_422, 'murmurhash')
  const text = 'version: 1\nflags:\n  checkout: { enabled: true }\n'
  expect(parseDefinitionText(text, 'flags.yaml').flags.checkout?.enabled === true, 'yaml')
}

function refuse(): void {
  for (const attempt of [
    () => parseDefinitions({ checkout: { rollout: 101 } }),
    () => parsePlan({ kind: 'canary' }),
    () => errorRate({ rollbackRatio: 0 }),
  ]) {
    let error: unknown
    try {
      attempt()
    } catch (thrown) {
      error = thrown
    }
    expect(isSluiceError(error) && /^[a-z_]+$/.test(error.code), `a SluiceError of ${attempt}`)
  }
  expect(new SluiceError('refused', 'why').code === 'refused', 'SluiceError')
}

async function runLog(): Promise<void> {
  const store = createMemoryStore()
  const flags: Flags<typeof definitions> = openFlags({ store, definitions, environment })
  await flags.ready()
  await flags.enable('checkout', { actor: 'ada', reason: 'ready' })
  const clock = createManualClock()
  const controller = createRolloutController({
    flags,
    flag: 'checkout',
    plan: canary(),
    guards: [errorRate()],
    source: flags.health('checkout') satisfies MetricSource,
    judge: scriptedJudge(() => []),
    clock,
  })
  await controller.start({ actor: 'ada', reason: 'first users' })
  const state: RolloutState | undefined = controller.state
  expect(state?.phase === 'running', 'the rollout runs')
  await controller.stop()
  const { ok } = await verifyLog(store)
  expect(ok, 'the log is whole')
  await flags.close()
}

function expect(claim: boolean, what: string): void {
  if (!claim) throw new Error(`Not so: ${what}`)
}

askFlagsInCode()
runEngines()
refuse()
expect(typeof createTicker === 'function', 'guards')
// Unhandled, a rejection ends the process with code 1.
runLog()
