/** How many flags the loading rows load. */
export const manyFlags = 10_000

/** Ten thousand definitions with three rules each, no two the same object. */
export function manyDefinitions() {
  const definitions = {}
  for (let index = 0; index < manyFlags; index += 1) {
    definitions[keyAt(index)] = {
      enabled: true,
      rollout: index % 101,
      environments: ['staging', 'production'],
      rules: [
        { if: { attribute: 'country', in: ['DE', 'FR', 'NL'] }, rollout: 50 },
        { if: { attribute: 'plan', is: `plan-${index % 10}` } },
        { if: { attribute: 'age', gte: 18, lt: 65 }, rollout: 10, otherwise: 'next' },
      ],
    }
  }
  return definitions
}

/** The same flags in flagd's format. */
export function manyFlagdFlags() {
  const flags = {}
  for (let index = 0; index < manyFlags; index += 1) {
    const percent = index % 101
    flags[keyAt(index)] = {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      targeting: {
        if: [
          { in: [{ var: 'country' }, ['DE', 'FR', 'NL']] },
          {
            fractional: [
              ['on', 50],
              ['off', 50],
            ],
          },
          { '==': [{ var: 'plan' }, `plan-${index % 10}`] },
          'on',
          { and: [{ '>=': [{ var: 'age' }, 18] }, { '<': [{ var: 'age' }, 65] }] },
          {
            fractional: [
              ['on', 10],
              ['off', 90],
            ],
          },
          {
            fractional: [
              ['on', percent],
              ['off', 100 - percent],
            ],
          },
        ],
      },
    }
  }
  return { flags }
}

/** The key at a position. */
export function keyAt(index) {
  return `feature-${index}`
}

/** A user the second rule of the flag at position 7,777 matches. */
export const planUser = { targetingKey: 'user-1', country: 'US', plan: 'plan-7', age: 70 }
