import { pick } from './random.ts'

let mutated = false

/** Whether any context made here was written to. */
export function wasMutated(): boolean {
  return mutated
}

const note = () => {
  mutated = true
  return false
}
const writeTraps: ProxyHandler<object> = {
  set: note,
  defineProperty: note,
  deleteProperty: note,
  setPrototypeOf: note,
  preventExtensions: note,
}
const throwingProxy = new Proxy(
  {},
  {
    get: () => {
      throw throwingProxy
    },
    getPrototypeOf: () => {
      throw throwingProxy
    },
    has: () => {
      throw throwingProxy
    },
    ownKeys: () => {
      throw throwingProxy
    },
    getOwnPropertyDescriptor: () => {
      throw throwingProxy
    },
  },
)
const revoked = Proxy.revocable({}, {})
revoked.revoke()
const revokedList = Proxy.revocable([], {})
revokedList.revoke()
const circular: Record<string, unknown> = { targetingKey: 'loop' }
circular.country = circular
circular.deep = { er: circular }
const megabyte = 'x'.repeat(1_000_000)

const values: readonly unknown[] = [
  undefined,
  null,
  '',
  'FR',
  'u1',
  'ключ',
  '\ud800',
  '\u0000',
  '2.1.0',
  '999999999999.1.1',
  '10.1.2.3',
  '::1%eth0',
  '2026-02-31T25:61:00Z',
  0,
  -0,
  42,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n ** 30n,
  true,
  Symbol('s'),
  () => 'FR',
  new Date(Number.NaN),
  new Date(8.64e15),
  /re/,
  new Map([['country', 'FR']]),
  [],
  ['FR', undefined, [['FR']]],
  new Array(5000),
  Object.create(null),
  circular,
  throwingProxy,
  revoked.proxy,
  revokedList.proxy,
  {
    toString: () => {
      throw new Error('toString')
    },
    valueOf: null,
  },
  { length: 1e9, 0: 'FR' },
]

const names = [
  'targetingKey',
  'id',
  'key',
  'userId',
  'country',
  'plan',
  'age',
  'version',
  'email',
  'since',
  'tags',
  'ip',
  'deep',
  'constructor',
  '__proto__',
  'toString',
  'length',
]

/** Contexts that applications should never hand in. */
export function* createHostileContexts(random: () => number, count: number): Generator<unknown> {
  for (let i = 0; i < count; i++) {
    const die = random()
    if (die < 0.15) yield pick(random, values)
    else if (die < 0.16) yield { targetingKey: megabyte, email: megabyte }
    else if (die < 0.25) yield withGetters(random)
    else {
      const context: Record<string, unknown> = {}
      for (const name of names) {
        if (random() < 0.5) {
          Object.defineProperty(context, name, { value: pick(random, values), enumerable: true })
        }
      }
      yield die < 0.6 ? new Proxy(context, writeTraps) : Object.freeze(context)
    }
  }
}

function withGetters(random: () => number): object {
  const context = random() < 0.5 ? { targetingKey: 'u1' } : {}
  for (const name of ['country', 'plan', 'id']) {
    Object.defineProperty(context, name, {
      get: () => {
        throw pick(random, [new Error('getter'), undefined, null, throwingProxy, 'text', 1n])
      },
    })
  }
  return context
}
