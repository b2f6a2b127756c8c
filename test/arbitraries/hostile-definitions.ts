import { pick } from './random.ts'

type Random = () => number

const scalars: readonly unknown[] = [
  'FR',
  'u1',
  '',
  42,
  -1,
  101,
  1e308,
  true,
  false,
  null,
  '50',
  '__proto__',
  'constructor',
  '\ud800',
  'a\u0000b',
]
const attributes = [
  'country',
  'plan',
  'age',
  'version',
  'email',
  'since',
  'tags',
  'ip',
  '/deep/er',
  '/',
  'constructor',
  '__proto__',
  'targetingKey',
  '',
]
const operatorNames = [
  'is',
  'in',
  'contains',
  'startsWith',
  'endsWith',
  'matches',
  'gt',
  'gte',
  'lt',
  'lte',
  'before',
  'after',
  'semver',
  'cidr',
  'exists',
  'like',
]
const operands: readonly unknown[] = [
  ...scalars,
  ['FR', 'u1'],
  [],
  [[]],
  {},
  '^a',
  '[',
  '(a+)+$',
  '>=2.1.0',
  '10.0.0.0/8',
  '10.0.0.0/99',
  '2026-01-01',
  1.5e12,
]

/** Flags `f0` to `f5`: mostly almost right, sometimes garbage, always JSON. */
export function createHostileDefinitions(random: Random): Record<string, unknown> {
  const flags: Record<string, unknown> = {}
  for (let i = 0; i < 6; i++) flags[`f${i}`] = hostileFlag(random)
  return flags
}

function hostileFlag(random: Random): unknown {
  if (random() < 0.05) return pick(random, [...scalars.filter((each) => each !== null), [], [1]])
  const flag: Record<string, unknown> = { enabled: true, environments: ['production'], rollout: 50 }
  maybe(random, 0.5, () => {
    flag.rules = list(random, 5, () => hostileRule(random))
  })
  maybe(random, 0.2, () => {
    flag.variants = pick<unknown>(random, [
      { on: 'a', off: 'b' },
      {},
      [],
      'x',
      { on: 1, off: '1' },
      { 1: 1 },
    ])
  })
  maybe(random, 0.2, () => {
    flag.split = pick<unknown>(random, [
      { on: 50, off: 50 },
      { on: 200 },
      {},
      [],
      { none: 100 },
      null,
    ])
  })
  maybe(random, 0.2, () => {
    flag.prerequisites = list(random, 2, () =>
      pick<unknown>(random, ['f0', 'f1', 'none', {}, 5, null, { flag: 'f2', variants: ['on'] }]),
    )
  })
  maybe(random, 0.2, () => {
    flag.schedule = pick<unknown>(random, [
      {},
      { from: 'x' },
      { from: 0, fullAt: 2e12 },
      { until: '2026-01-01' },
      5,
      null,
      { fullAt: 5 },
    ])
  })
  maybe(random, 0.2, () => {
    flag.environments = pick<unknown>(random, [
      { production: { rules: 5 } },
      { production: null },
      'production',
      { production: { enabled: true } },
      [],
    ])
  })
  for (const name of [
    'salt',
    'bucketBy',
    'serve',
    'offVariant',
    'rollout',
    'enabled',
    'surprise',
  ]) {
    maybe(random, 0.08, () => {
      flag[name] = pick<unknown>(random, [...scalars, {}, []])
    })
  }
  return flag
}

function hostileRule(random: Random): unknown {
  if (random() < 0.05) return pick(random, scalars)
  const rule: Record<string, unknown> = { if: hostileCondition(random, 0), serve: 'on' }
  maybe(random, 0.3, () => {
    rule.rollout = pick<unknown>(random, [0, 50, 100, -5, 'x', null])
  })
  maybe(random, 0.3, () => {
    rule.otherwise = pick<unknown>(random, ['next', 'off', 'never'])
  })
  return rule
}

function hostileCondition(random: Random, depth: number): unknown {
  const die = random()
  if (die < 0.04) return pick(random, scalars)
  if (die < 0.08) return { segment: 'none' }
  if (die < 0.3 && depth < 4) {
    return {
      [pick(random, ['all', 'any'])]: list(random, 3, () => hostileCondition(random, depth + 1)),
    }
  }
  if (die < 0.4 && depth < 4) return { not: hostileCondition(random, depth + 1) }
  return {
    attribute: pick(random, attributes),
    [pick(random, operatorNames)]: pick(random, operands),
  }
}

function list<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: Math.floor(random() * (most + 1)) }, make)
}

function maybe(random: Random, chance: number, act: () => void): void {
  if (random() < chance) act()
}
