import type {
  Condition,
  Exposure,
  FlagDefinition,
  FlagDefinitions,
  Rule,
  SegmentDefinitions,
  Split,
} from '@sluice/core'
import fc from 'fast-check'

/** Attributes that conditions ask for and contexts have, so that rules match often. */
export const attributes = [
  'country',
  'plan',
  'age',
  'version',
  'email',
  'since',
  'tags',
  'ip',
  '/deep/er',
  'targetingKey',
]
export const environmentNames = ['development', 'staging', 'production']
export const segmentNames = ['beta', 'staff']

const percent = fc.oneof(
  fc.constantFrom(0, 100, 25, 50, 0.001),
  fc.double({ min: 0, max: 100, noNaN: true }),
)
const word = fc.constantFrom(
  'FR',
  'DE',
  'pro',
  'free',
  'a',
  'ada@example.com',
  '2.1.0',
  '1.0.0',
  '10.1.2.3',
  'u1',
  '',
)
const scalar = fc.oneof(word, fc.integer({ min: 0, max: 9 }), fc.boolean())
const scalars = fc.array(scalar, { minLength: 1, maxLength: 4 })
const instant = fc.constantFrom('2025-06-01T00:00:00Z', '2026-01-01', 0, 1_750_000_000_000)

const operators = fc.oneof(
  { weight: 6, arbitrary: fc.record({ is: fc.oneof(scalar, scalars) }) },
  { weight: 3, arbitrary: fc.record({ in: scalars }) },
  fc.record({ contains: fc.oneof(scalar, scalars) }),
  fc.record({ startsWith: word }),
  fc.record({ endsWith: fc.array(word, { minLength: 1, maxLength: 2 }) }),
  fc.record({ matches: fc.constantFrom('^a', '\\d+', '(x|y)*z', '.') }),
  fc.record({ gt: fc.integer({ min: 0, max: 9 }), lte: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ before: instant }),
  fc.record({ after: instant }),
  fc.record({ semver: fc.constantFrom('>=2.1.0', '^1.0.0', '*', ['1.x', '3.x']) }),
  fc.record({ cidr: fc.constantFrom('10.0.0.0/8', '::/0') }),
  fc.record({ exists: fc.boolean() }),
)
const attributeCondition = fc
  .tuple(fc.constantFrom(...attributes), operators)
  .map(([attribute, operator]) => ({ attribute, ...operator }) as Condition)

/** Conditions of a segment name no segment, so that there is no circle. */
function conditions(leaf: fc.Arbitrary<Condition>): fc.Arbitrary<Condition> {
  return fc.letrec<{ node: Condition }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 5, arbitrary: leaf },
      fc.record({ all: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ any: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ not: tie('node') }),
    ),
  })).node
}

const segmentCondition = fc
  .constantFrom(...segmentNames)
  .map((segment) => ({ segment }) as Condition)
const condition = conditions(
  fc.oneof(
    { weight: 6, arbitrary: attributeCondition },
    { weight: 1, arbitrary: segmentCondition },
  ),
)

/** Named conditions for every name in `segmentNames`. */
export const segments: fc.Arbitrary<SegmentDefinitions> = fc.record({
  beta: conditions(attributeCondition),
  staff: conditions(attributeCondition),
})

const variantSets = [
  undefined,
  { on: 'blue', off: 'red', other: 'green' },
  { small: 1, middle: 2, large: 3 },
  { a: { size: 1 }, b: { size: [2] }, on: {} },
] as const

function splitOf(names: readonly string[]): fc.Arbitrary<Split> {
  return fc.integer({ min: 0, max: 100 }).map((weight) => {
    const [first = 'on', second = 'off'] = names
    return { [first]: weight, [second]: 100 - weight }
  })
}

/** One valid flag; prerequisites name keys of `earlier` flags only. */
function flag(earlier: readonly string[]): fc.Arbitrary<FlagDefinition> {
  return fc.constantFrom(...variantSets).chain((variants) => {
    const names = variants === undefined ? ['on', 'off'] : Object.keys(variants)
    const variant = fc.constantFrom(...names)
    const rule: fc.Arbitrary<Rule> = fc.record(
      {
        if: condition,
        serve: variant,
        id: fc.constantFrom('first', 'second'),
        rollout: percent,
        split: splitOf(names),
        otherwise: fc.constantFrom('next' as const, 'off' as const),
      },
      { requiredKeys: ['if', 'serve'] },
    )
    // Runs of equality on one attribute, which the compiled form answers through an index.
    const equality: fc.Arbitrary<Rule> = fc.record(
      {
        if: fc
          .oneof(fc.record({ is: fc.oneof(scalar, scalars) }), fc.record({ in: scalars }))
          .map((operator) => ({ attribute: 'plan', ...operator }) as Condition),
        serve: variant,
        rollout: percent,
        otherwise: fc.constantFrom('next' as const, 'off' as const),
      },
      { requiredKeys: ['if', 'serve'] },
    )
    const settings = {
      enabled: fc.boolean(),
      rollout: percent,
      serve: variant,
      split: splitOf(names),
      rules: fc.array(fc.oneof(rule, equality, equality, equality), { maxLength: 8 }),
      schedule: fc.constantFrom(
        { from: '2025-01-01' },
        { until: '2026-06-01' },
        { from: '2025-01-01', fullAt: '2027-01-01', until: '2028-01-01' },
      ),
    }
    return fc
      .record(
        {
          ...settings,
          enabled: fc.constant(true),
          environments: fc.oneof(
            fc.subarray(environmentNames),
            fc.dictionary(
              fc.constantFrom(...environmentNames),
              fc.record(settings, { requiredKeys: [] }),
              { noNullPrototype: true },
            ),
          ),
          offVariant: variant,
          bucketBy: fc.constantFrom('email', 'country', '/deep/er'),
          salt: fc.constantFrom('shared', 'über'),
          prerequisites:
            earlier.length === 0
              ? fc.constant([])
              : fc.array(
                  fc.record({ flag: fc.constantFrom(...earlier), variants: fc.constant(['on']) }),
                  { maxLength: 2 },
                ),
        },
        { requiredKeys: ['enabled', 'environments', 'serve'] },
      )
      .map((made) => (variants === undefined ? made : { ...made, variants }) as FlagDefinition)
  })
}

/** A set of valid flags `f0`, `f1`, `f2`; later ones may have `f0`, which serves `on`, as prerequisite. */
export const definitions: fc.Arbitrary<FlagDefinitions> = fc.record({
  f0: flag([]).filter(({ variants }) => variants === undefined || 'on' in variants),
  f1: flag(['f0']),
  f2: flag(['f0']),
})

/** What operators may lay over any flag. */
export const exposure: fc.Arbitrary<Exposure> = fc.record(
  { enabled: fc.boolean(), rollout: percent },
  { requiredKeys: [] },
)

/** Contexts as applications hand them in. */
export const context = fc.oneof(
  fc.record(
    {
      targetingKey: fc.oneof(fc.constantFrom('u1', 'ключ', ''), fc.string()),
      id: fc.integer(),
      country: word,
      plan: fc.oneof(word, scalars),
      age: fc.integer({ min: 0, max: 9 }),
      version: word,
      email: fc.oneof(word, fc.string()),
      since: fc.oneof(instant, fc.date()),
      tags: fc.array(scalar),
      ip: fc.oneof(fc.ipV4(), fc.ipV6()),
      deep: fc.record({ er: fc.oneof(scalar, scalars) }),
    },
    { requiredKeys: [] },
  ),
  fc.string(),
  fc.constant(undefined),
)
