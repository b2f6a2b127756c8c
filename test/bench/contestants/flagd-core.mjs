import { FlagdCore } from '@openfeature/flagd-core'
import { listedCountries } from '../users.mjs'

/** flagd's in-process evaluator, called directly: JSON Logic compiled to functions. */
export const flagdCore = {
  name: 'flagd-core',
  package: '@openfeature/flagd-core',
  async open(flags) {
    const core = new FlagdCore(undefined, silentLogger)
    core.setConfigurations(documentOf(flags))
    return {
      contextOf: (user) => user,
      isOn: (key, context) => core.resolveBooleanEvaluation(key, false, context).value,
      variant: (key, context) => core.resolveStringEvaluation(key, 'none', context).value,
      all: (context) => core.resolveAll(context),
      sizeOf: (answers) => answers.length,
      valuesOf: (answers) =>
        Object.fromEntries(answers.map((answer) => [answer.flagKey, answer.value])),
    }
  },
}

/** The flags as the JSON document flagd loads. */
export function documentOf(flags) {
  const entries = flags.map(({ key, kind }) => [key, definitions[kind]])
  return JSON.stringify({ flags: Object.fromEntries(entries) })
}

const silentLogger = { error() {}, warn() {}, info() {}, debug() {} }

const variants = { on: true, off: false }
const plans = Array.from({ length: 10 }, (_, index) => `plan-${index}`)

const definitions = {
  W1: { state: 'ENABLED', variants, defaultVariant: 'on' },
  W2: {
    state: 'ENABLED',
    variants,
    defaultVariant: 'off',
    targeting: {
      fractional: [
        ['on', 25],
        ['off', 75],
      ],
    },
  },
  W3: {
    state: 'ENABLED',
    variants,
    defaultVariant: 'off',
    targeting: {
      if: [
        {
          and: [
            { in: [{ var: 'country' }, listedCountries] },
            { sem_ver: [{ var: 'version' }, '>=', '2.1.0'] },
          ],
        },
        {
          fractional: [
            ['on', 50],
            ['off', 50],
          ],
        },
        'off',
      ],
    },
  },
  W4: {
    state: 'ENABLED',
    variants,
    defaultVariant: 'off',
    targeting: {
      if: [...plans.flatMap((plan) => [{ '==': [{ var: 'plan' }, plan] }, 'on']), 'off'],
    },
  },
  W5: {
    state: 'ENABLED',
    variants: { a: 'a', b: 'b', c: 'c', d: 'd' },
    defaultVariant: 'a',
    targeting: {
      fractional: [
        ['a', 25],
        ['b', 25],
        ['c', 25],
        ['d', 25],
      ],
    },
  },
}
