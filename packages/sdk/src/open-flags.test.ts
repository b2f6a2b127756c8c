import { createManualClock } from '@sluice/stores/testing'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import {
  createMemoryStore,
  type Flags,
  type FlagsOptions,
  type HealthRecorder,
  openFlags,
} from './index.ts'

const note = { actor: 'ann', reason: 'a test' }
const on = { enabled: true, rollout: 100, environments: ['production'] } as const
const opened: { close(): Promise<void> }[] = []

function open<const D extends { [key: string]: object }>(definitions: D): Flags<D> {
  const flags = openFlags<D>({ definitions, environment: 'production' } as FlagsOptions<D>)
  opened.push(flags)
  return flags
}

afterEach(async () => {
  for (const flags of opened.splice(0)) await flags.close()
})

const counts = (recorder: HealthRecorder) => {
  const { canary, stable } = recorder.read()
  return {
    canary: [canary.requests, canary.errors],
    stable: [stable.requests, stable.errors],
    dropped: recorder.dropped,
  }
}
const counted = (canary: number[], stable: number[]) => ({ canary, stable, dropped: 0 })
const never = () => expect.unreachable('the other branch')

describe('openFlags', () => {
  it('needs nothing: without a store the log lives in this process', async () => {
    const flags = openFlags()
    expect(flags.isEnabled('a', 'ada')).toBe(false)
    expect(await flags.ready()).toBe(true)
    await flags.close()
    const one = open({ a: on })
    await one.disable('a', note)
    expect(one.isEnabled('a', 'ada')).toBe(false)
    expect(open({ a: on }).isEnabled('a', 'ada')).toBe(true)
  })

  it('follows the store and the clock it is given', async () => {
    const store = createMemoryStore()
    const clock = createManualClock()
    const options = { store, clock, definitions: { a: on }, environment: 'prod' } as const
    const [one, other] = [openFlags(options), openFlags(options)]
    await one.disable('a', note)
    await other.replica.refresh()
    expect(other.isEnabled('a', 'ada')).toBe(false)
    expect((await other.history('a'))[0]).toMatchObject({ environment: 'production' })
    await one.close()
    await other.close()
    expect(clock.pendingTimers).toBe(0)
  })

  it('does not compile with a misspelt flag or property', () => {
    const flags = open({ a: on })
    // @ts-expect-error there is no such flag
    flags.isEnabled('b', 'ada')
    // @ts-expect-error there is no such flag
    flags.guarded('b', 'ada', { on: () => 1, off: () => 2 })
    // @ts-expect-error there is no such property
    expect(() => openFlags({ definitions: { a: { rolout: 5 } } })).toThrowError(/"rollout"/)
  })
})

describe('guarded', () => {
  it('runs the branch the flag chooses, once, and counts it for its arm', async () => {
    const flags = open({ a: on, b: { ...on, enabled: false } })
    let runs = 0
    const run = (name: string) => () => {
      runs += 1
      return name
    }
    expect(flags.guarded('a', 'ada', { on: run('on'), off: never })).toBe('on')
    expect(flags.guarded('b', 'ada', { on: never, off: run('off') })).toBe('off')
    await flags.disable('a', note)
    expect(flags.guarded('a', 'ada', { on: never, off: run('off') })).toBe('off')
    expect(runs).toBe(3)
    expect(counts(flags.health('a'))).toEqual(counted([1, 0], [1, 0]))
    expect(counts(flags.health('b'))).toEqual(counted([0, 0], [1, 0]))
  })

  it('lets every result through as it is', () => {
    const flags = open({ a: on })
    const frozen = Object.freeze({ deep: {} })
    const closed = new Proxy(
      {},
      {
        get: () => {
          throw new Error('closed')
        },
      },
    )
    // biome-ignore lint/suspicious/noThenProperty: it is no thenable, and not to be taken for one
    const notThenable = { then: 5 }
    const results = [undefined, null, 0, '', Number.NaN, frozen, closed, never, notThenable]
    for (const result of results) {
      expect(Object.is(flags.guarded('a', 'ada', { on: () => result, off: never }), result)).toBe(
        true,
      )
    }
    expect(counts(flags.health('a'))).toEqual(counted([results.length, 0], [0, 0]))
  })

  it('lets whatever is thrown through as it is, and counts an error', () => {
    const flags = open({ a: { ...on, enabled: false } })
    const thrown = [new TypeError('bad'), 'text', undefined, null, { code: 1 }]
    for (const each of thrown) {
      let caught: unknown = 'nothing'
      try {
        flags.guarded('a', 'ada', {
          on: never,
          off: () => {
            throw each
          },
        })
      } catch (error) {
        caught = error
      }
      expect(caught).toBe(each)
    }
    expect(counts(flags.health('a'))).toEqual(counted([0, 0], [thrown.length, thrown.length]))
  })

  it('counts a promise when it settles, with its own value or error', async () => {
    const flags = open({ a: on })
    const value = { status: 200 }
    let settle = (_: typeof value) => {}
    const result = flags.guarded('a', 'ada', {
      on: () => new Promise<typeof value>((resolve) => (settle = resolve)),
      off: never,
    })
    expect(counts(flags.health('a'))).toEqual(counted([0, 0], [0, 0]))
    settle(value)
    expect(await result).toBe(value)
    expect(counts(flags.health('a'))).toEqual(counted([1, 0], [0, 0]))
    const failure = new Error('down')
    const failing = flags.guarded('a', 'ada', {
      on: async () => Promise.reject(failure),
      off: never,
    })
    await expect(failing).rejects.toBe(failure)
    expect(counts(flags.health('a'))).toEqual(counted([2, 1], [0, 0]))
  })

  it('counts a request for the arm it began on, though the flag moves meanwhile', async () => {
    const flags = open({ a: on })
    let settle = () => {}
    const result = flags.guarded('a', 'ada', {
      on: () => new Promise<void>((resolve) => (settle = resolve)),
      off: never,
    })
    await flags.disable('a', note)
    settle()
    await result
    expect(counts(flags.health('a'))).toEqual(counted([1, 0], [0, 0]))
  })

  it('takes thenables of every kind for promises, and counts each once', async () => {
    const flags = open({ a: on })
    let starts = 0
    // biome-ignore-start lint/suspicious/noThenProperty: thenables are what this is about
    const thenables: PromiseLike<number>[] = [
      // Answers nothing from `then`.
      { then: (resolve: (value: number) => void) => void resolve(5) } as never,
      // Calls back twice, and begins its work when it is asked.
      {
        then: (resolve: (value: number) => void, reject: (error: unknown) => void) => {
          starts += 1
          resolve(5)
          resolve(6)
          reject(new Error('late'))
        },
      } as never,
      // A function with a `then`.
      Object.assign(() => {}, {
        then: (resolve: (value: number) => void) => void resolve(5),
      }) as never,
    ]
    for (const each of thenables) {
      expect(await flags.guarded('a', 'ada', { on: () => each, off: never })).toBe(5)
    }
    expect(starts).toBe(1)
    expect(counts(flags.health('a'))).toEqual(counted([3, 0], [0, 0]))
    const failure = new Error('then throws')
    const broken = {
      then: () => {
        throw failure
      },
    }
    const result = flags.guarded('a', 'ada', { on: () => broken, off: never })
    await expect(result).rejects.toBe(failure)
    // biome-ignore-end lint/suspicious/noThenProperty: as above
    expect(counts(flags.health('a'))).toEqual(counted([4, 1], [0, 0]))
  })

  it('keeps the class of a promise', () => {
    class Request extends Promise<number> {}
    const flags = open({ a: on })
    const result = flags.guarded('a', 'ada', {
      on: () => Request.resolve(5) as Request,
      off: never,
    })
    expect(result).toBeInstanceOf(Request)
  })

  it('asks isOk about what was served, and counts a judgement that throws as an error', async () => {
    const flags = open({ a: on })
    const isOk = ({ status }: { status: number }) => {
      if (status === 0) throw new Error('no status')
      return status < 500
    }
    for (const status of [200, 500, 0]) {
      const response = { status }
      const sync = flags.guarded('a', 'ada', { on: () => response, off: () => response, isOk })
      expect(sync).toBe(response)
      const later = flags.guarded('a', 'ada', {
        on: async () => response,
        off: () => response,
        isOk,
      })
      expect(await later).toBe(response)
    }
    expect(counts(flags.health('a'))).toEqual(counted([6, 4], [0, 0]))
  })

  it('runs the old code for contexts that throw or say nothing', () => {
    const rules = [{ if: { attribute: 'team', is: 'core' } }]
    const flags = open({ a: { ...on, rollout: 50, rules } })
    const hostile = [
      {
        get id(): string {
          throw new Error('no id')
        },
      },
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('closed')
          },
        },
      ),
      undefined,
      null,
      '',
      {},
    ]
    for (const context of hostile) {
      expect(flags.guarded('a', context, { on: never, off: () => 'off' })).toBe('off')
    }
    expect(counts(flags.health('a'))).toEqual(counted([0, 0], [0, 0]))
  })

  it('runs the old code for unknown flags, and remembers none of them', async () => {
    const flags = openFlags({ environment: 'production' })
    opened.push(flags)
    for (const key of ['a', 'a', 'b', 'constructor']) {
      expect(flags.guarded(key, 'ada', { on: never, off: () => 'off' })).toBe('off')
    }
    expect(counts(flags.health('a'))).toEqual(counted([0, 0], [0, 0]))
    expect(counts(flags.health('constructor'))).toEqual(counted([0, 0], [0, 0]))
    // Defined later, it is counted from then on.
    const changes = [{ key: 'flag/b', value: on }]
    await flags.replica.commit({ ...note, action: 'define', changes })
    flags.guarded('b', 'ada', { on: () => 'on', off: never })
    expect(counts(flags.health('b'))).toEqual(counted([1, 0], [0, 0]))
  })

  it('times the branch', () => {
    const flags = open({ a: on })
    flags.guarded('a', 'ada', { on: () => 1, off: never })
    const { latency } = flags.health('a').read().canary
    expect([...latency].reduce((sum, each) => sum + each, 0)).toBe(1)
  })

  it('infers what comes back', () => {
    const flags = open({ a: on })
    const sync = flags.guarded('a', 'ada', { on: () => 1, off: () => 'x' })
    expectTypeOf(sync).toEqualTypeOf<number | string>()
    const later = flags.guarded('a', 'ada', { on: async () => 1, off: async () => 'x' })
    expectTypeOf(later).toEqualTypeOf<Promise<number> | Promise<string>>()
    flags.guarded('a', 'ada', {
      on: async () => ({ status: 1 }),
      off: () => ({ status: 2 }),
      isOk: (result) => {
        expectTypeOf(result).toEqualTypeOf<{ status: number }>()
        return true
      },
    })
  })
})

describe('health', () => {
  it('is one recorder per flag', () => {
    const flags = open({ a: on, b: on })
    expect(flags.health('a')).toBe(flags.health('a'))
    expect(flags.health('a')).not.toBe(flags.health('b'))
  })
})
