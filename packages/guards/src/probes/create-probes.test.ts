import { describe, expect, it } from 'vitest'
import {
  check,
  customReading,
  type FetchUrl,
  findProbes,
  gauge,
  withoutFunctions,
} from './index.ts'
import { bench, closeAfterEach } from './probes.fixture.ts'

const { open, tick } = bench
closeAfterEach()

describe('a gauge and a custom reading', () => {
  it('read what they are given', async () => {
    open([
      gauge({ name: 'queue', read: () => 7, above: 10 }),
      customReading({
        name: 'conversion',
        better: 'higher',
        read: async () => ({ stable: 2, canary: 1 }),
      }),
      gauge({ metric: 'heap', above: 0.9 }),
    ])
    const readings = await tick(1)
    expect(readings).toMatchObject({ queue: { value: 7 }, conversion: { stable: 2, canary: 1 } })
    expect(readings.heap).toHaveProperty('value')
  })

  it.each<[string, unknown, unknown, string, string]>([
    [
      'NaN',
      Number.NaN,
      { stable: 1, canary: Number.NaN },
      'it gave NaN, not a number',
      'it gave 1 and NaN, not two numbers',
    ],
    [
      'nothing',
      undefined,
      undefined,
      'it gave undefined, not a number',
      'it gave undefined and undefined, not two numbers',
    ],
    [
      'a word',
      '7',
      { stable: '7' },
      'it gave string, not a number',
      'it gave string and undefined, not two numbers',
    ],
  ])('know nothing when they are given %s', async (_, value, numbers, one, two) => {
    open([
      gauge({ name: 'one', read: () => value as number, above: 10 }),
      customReading({
        name: 'two',
        better: 'lower',
        read: () => numbers as { stable: number; canary: number },
      }),
    ])
    expect(await tick()).toMatchObject({ one: { unknown: one }, two: { unknown: two } })
  })

  it('know nothing when a function throws, or hangs', async () => {
    open([
      gauge({
        name: 'throws',
        read: () => {
          throw new Error('oh')
        },
        above: 10,
      }),
      gauge({ name: 'hangs', read: () => new Promise(() => {}), above: 10 }),
    ])
    expect(await tick(6)).toMatchObject({
      throws: { unknown: 'it threw: oh' },
      hangs: { unknown: 'no answer within 5 s' },
    })
  })

  it('ask the machine’s gauges that they are given, and leave them open', async () => {
    const asked: unknown[] = []
    let closed = 0
    open([gauge({ metric: 'disk', below: 0.2, path: '/data' })], {
      gauges: {
        read: async (...what) => {
          asked.push(what)
          return { value: 0.5 }
        },
        close: () => void closed++,
      },
    })
    expect(await tick()).toMatchObject({ disk: { value: 0.5 } })
    bench.probes.close()
    expect(asked[0]).toEqual(['disk', '/data'])
    expect(closed).toBe(0)
  })
})

describe('guards out of a log', () => {
  const given = [
    check({ name: 'db', run: () => true }),
    gauge({ name: 'queue', read: () => 3, above: 10 }),
    customReading({ name: 'cost', better: 'lower', read: () => ({ stable: 1, canary: 1 }) }),
    gauge({ name: 'cpu', metric: 'cpu', read: () => 0.5, above: 0.8 }),
  ]
  const nested = {
    kind: 'all',
    name: 'both',
    guards: [{ kind: 'any', name: 'some', guards: given }],
  }
  const fromLog = JSON.parse(JSON.stringify(withoutFunctions(nested)))

  it('hold no functions, at whatever depth', () => {
    expect(findProbes([withoutFunctions(nested)]).flatMap(Object.values)).not.toContainEqual(
      expect.any(Function),
    )
    expect(findProbes([fromLog]).map(({ name }) => name)).toEqual(['db', 'queue', 'cost', 'cpu'])
  })

  it('find their functions by name among those that a process was given', async () => {
    open([fromLog], { given: [{ ...nested, name: 'elsewhere' }] })
    expect(await tick()).toMatchObject({
      db: { ok: true },
      queue: { value: 3 },
      cost: { stable: 1, canary: 1 },
      cpu: { value: 0.5 },
    })
  })

  it('know nothing where there is none', async () => {
    // The name is there, but of another kind.
    open([fromLog], { given: [{ ...given[2]!, name: 'queue' }] })
    expect(await tick(3)).toMatchObject({
      db: { unknown: 'this process has no function for the check "db"' },
      queue: { unknown: 'this process has no function for the gauge "queue"' },
      cost: { unknown: 'this process has no function for the custom_reading "cost"' },
      // Not this machine's: somebody else's number was meant.
      cpu: { unknown: 'this process has no function for the gauge "cpu"' },
    })
  })

  it('keep the functions they have', async () => {
    open([check({ name: 'db', run: () => true })], {
      given: [check({ name: 'db', run: () => false })],
    })
    expect(await tick()).toMatchObject({ db: { ok: true } })
  })

  it('are asked as they stand in the log, whatever this process would ask', async () => {
    const asked: string[] = []
    const fetch: FetchUrl = async (url) => {
      asked.push(url)
      return { status: 200, body: null }
    }
    open([check({ name: 'web', url: 'http://logged/' })], {
      fetch,
      given: [check({ name: 'web', run: () => false })],
    })
    expect(await tick()).toMatchObject({ web: { ok: true } })
    expect(asked).toEqual(['http://logged/'])
  })
})
