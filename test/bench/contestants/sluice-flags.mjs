import { listedCountries } from '../users.mjs'

/** The flags of a workload as Sluice definitions. */
export function definitionsOf(flags) {
  return Object.fromEntries(flags.map(({ key, kind }) => [key, definitions[kind]]))
}

/** Sluice's readers as the workloads call them; a flag set and a client have the same. */
export function readersOf(flags) {
  return {
    contextOf: (user) => user,
    isOn: (key, context) => flags.isEnabled(key, context),
    variant: (key, context) => flags.string(key, context, 'none'),
    all: (context) => flags.evaluateAll(context),
    sizeOf: (answers) => answers.length,
    valuesOf: (answers) =>
      Object.fromEntries(answers.map((answer) => [answer.flagKey, answer.value])),
  }
}

const everywhere = { enabled: true, environments: ['staging', 'production'] }

const definitions = {
  W1: { ...everywhere, rollout: 100 },
  W2: { ...everywhere, rollout: 25 },
  W3: {
    ...everywhere,
    rules: [
      {
        if: {
          all: [
            { attribute: 'country', in: listedCountries },
            { attribute: 'version', semver: '>=2.1.0' },
          ],
        },
        rollout: 50,
      },
    ],
  },
  W4: {
    ...everywhere,
    rules: Array.from({ length: 10 }, (_, index) => ({
      if: { attribute: 'plan', is: `plan-${index}` },
    })),
  },
  W5: {
    ...everywhere,
    variants: { a: 'a', b: 'b', c: 'c', d: 'd' },
    split: { a: 25, b: 25, c: 25, d: 25 },
  },
}
