import { GrowthBookClient } from '@growthbook/growthbook'
import { listedCountries } from '../users.mjs'

/** GrowthBook's client for servers, from a payload; user contexts are built beforehand. */
export const growthbook = {
  name: 'growthbook',
  package: '@growthbook/growthbook',
  async open(flags) {
    const features = Object.fromEntries(flags.map(({ key, kind }) => [key, featureOf(kind)]))
    const client = new GrowthBookClient().initSync({ payload: { features } })
    const isOn = (key, context) => client.isOn(key, context)
    const variant = (key, context) => client.getFeatureValue(key, 'none', context)
    return {
      contextOf: ({ targetingKey, ...attributes }) => ({
        attributes: { id: targetingKey, ...attributes },
      }),
      isOn,
      variant,
      all: (context) => {
        const values = {}
        for (const { key } of flags) values[key] = client.evalFeature(key, context).value
        return values
      },
      sizeOf: () => flags.length,
      valuesOf: (values) => values,
    }
  },
  notes: { all: 'no call that evaluates every flag: each key is asked in turn' },
}

function featureOf(kind) {
  switch (kind) {
    case 'W1':
      return { defaultValue: true }
    case 'W2':
      return { defaultValue: false, rules: [{ force: true, coverage: 0.25, ...byId }] }
    case 'W3': {
      const condition = { country: { $in: listedCountries }, version: { $vgte: '2.1.0' } }
      return { defaultValue: false, rules: [{ condition, force: true, coverage: 0.5, ...byId }] }
    }
    case 'W4':
      return {
        defaultValue: false,
        rules: Array.from({ length: 10 }, (_, index) => ({
          condition: { plan: `plan-${index}` },
          force: true,
        })),
      }
    default:
      return {
        defaultValue: 'none',
        rules: [{ variations: ['a', 'b', 'c', 'd'], weights: [0.25, 0.25, 0.25, 0.25], ...byId }],
      }
  }
}

const byId = { hashAttribute: 'id', hashVersion: 2 }
