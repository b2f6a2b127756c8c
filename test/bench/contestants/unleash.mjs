import { InMemStorageProvider, Unleash } from 'unleash-client'
import { listedCountries } from '../users.mjs'

/** Unleash's Node client from bootstrap data; it neither polls nor sends metrics. */
export const unleash = {
  name: 'unleash',
  package: 'unleash-client',
  async open(flags) {
    const client = new Unleash({
      appName: 'bench',
      url: 'http://127.0.0.1:9/api',
      refreshInterval: 0,
      disableMetrics: true,
      storageProvider: new InMemStorageProvider(),
      bootstrap: { data: flags.map(({ key, kind }) => featureOf(key, kind)) },
    })
    await new Promise((resolve, reject) => client.once('ready', resolve).once('error', reject))
    const isOn = (key, context) => client.isEnabled(key, context)
    const variant = (key, context) => client.getVariant(key, context).name
    return {
      contextOf: ({ targetingKey, ...properties }) => ({ userId: targetingKey, properties }),
      isOn,
      variant,
      all: (context) => {
        const values = {}
        for (const { key, kind } of flags)
          values[key] = kind === 'W5' ? variant(key, context) : isOn(key, context)
        return values
      },
      sizeOf: () => flags.length,
      valuesOf: (values) => values,
    }
  },
  notes: { all: 'no call that evaluates every flag: each key is asked in turn' },
}

function featureOf(name, kind) {
  const feature = { name, enabled: true, type: 'release', strategies: strategiesOf(name, kind) }
  if (kind === 'W5') feature.variants = variants
  return feature
}

function strategiesOf(name, kind) {
  switch (kind) {
    case 'W2':
      return [rolloutOf(name, 25, [])]
    case 'W3':
      return [
        rolloutOf(name, 50, [
          { contextName: 'country', operator: 'IN', values: listedCountries, inverted: false },
          {
            contextName: 'version',
            operator: 'SEMVER_GTE',
            value: '2.1.0',
            values: [],
            inverted: false,
          },
        ]),
      ]
    case 'W4':
      return Array.from({ length: 10 }, (_, index) => ({
        name: 'default',
        parameters: {},
        constraints: [
          { contextName: 'plan', operator: 'IN', values: [`plan-${index}`], inverted: false },
        ],
      }))
    default:
      return []
  }
}

function rolloutOf(name, percent, constraints) {
  return {
    name: 'flexibleRollout',
    parameters: { rollout: String(percent), stickiness: 'userId', groupId: name },
    constraints,
  }
}

const variants = ['a', 'b', 'c', 'd'].map((name) => ({
  name,
  weight: 250,
  weightType: 'variable',
  stickiness: 'userId',
  payload: { type: 'string', value: name },
}))
