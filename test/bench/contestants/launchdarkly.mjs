import ld from '@launchdarkly/node-server-sdk'
import integrations from '@launchdarkly/node-server-sdk/integrations'
import { listedCountries } from '../users.mjs'

/** LaunchDarkly's server SDK fed by its TestData source; it sends no events. */
export const launchdarkly = {
  name: 'launchdarkly',
  package: '@launchdarkly/node-server-sdk',
  isAsync: true,
  async open(flags) {
    const data = new integrations.TestData()
    for (const { key, kind } of flags) await data.usePreconfiguredFlag(flagOf(key, kind))
    const client = ld.init('sdk-bench', {
      updateProcessor: data.getFactory(),
      sendEvents: false,
      diagnosticOptOut: true,
      logger: ld.basicLogger({ level: 'error' }),
    })
    await client.waitForInitialization({ timeout: 5 })
    return {
      isAsync: true,
      contextOf: ({ targetingKey, ...attributes }) => ({
        kind: 'user',
        key: targetingKey,
        ...attributes,
      }),
      isOn: (key, context) => client.boolVariation(key, context, false),
      variant: (key, context) => client.stringVariation(key, context, 'none'),
      all: (context) => client.allFlagsState(context),
      sizeOf: (state) => (state.valid ? flags.length : 0),
      valuesOf: (state) => state.allValues(),
      close: () => client.close(),
    }
  },
}

function flagOf(key, kind) {
  const isVariant = kind === 'W5'
  return {
    key,
    on: true,
    version: 1,
    salt: key,
    variations: isVariant ? ['a', 'b', 'c', 'd'] : [true, false],
    offVariation: isVariant ? 0 : 1,
    fallthrough: fallthroughOf(kind),
    rules: rulesOf(kind),
  }
}

function fallthroughOf(kind) {
  if (kind === 'W1') return { variation: 0 }
  if (kind === 'W2') return rolloutOf([25, 75])
  if (kind === 'W5') return rolloutOf([25, 25, 25, 25])
  return { variation: 1 }
}

function rulesOf(kind) {
  if (kind === 'W3') {
    return [
      {
        id: 'listed',
        clauses: [
          { contextKind: 'user', attribute: 'country', op: 'in', values: listedCountries },
          {
            contextKind: 'user',
            attribute: 'version',
            op: 'semVerLessThan',
            values: ['2.1.0'],
            negate: true,
          },
        ],
        ...rolloutOf([50, 50]),
      },
    ]
  }
  if (kind === 'W4') {
    return Array.from({ length: 10 }, (_, index) => ({
      id: `rule-${index}`,
      clauses: [{ contextKind: 'user', attribute: 'plan', op: 'in', values: [`plan-${index}`] }],
      variation: 0,
    }))
  }
  return []
}

/** Weights are thousandths of a percent. */
function rolloutOf(percents) {
  const variations = percents.map((percent, variation) => ({ variation, weight: percent * 1000 }))
  return { rollout: { contextKind: 'user', variations } }
}
