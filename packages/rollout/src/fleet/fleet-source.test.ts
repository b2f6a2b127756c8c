import type { Json, SluiceError } from '@sluice/core'
import { createHealthRecorder, createTicker } from '@sluice/guards'
import { createManualClock } from '@sluice/stores/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBoard } from './exchange.fixture.ts'
import { createFleetSource } from './fleet-source.ts'
import { shareHealth } from './share-health.ts'

let clock = createManualClock()
let board = createBoard(clock)
beforeEach(() => {
  clock = createManualClock()
  board = createBoard(clock)
})

const at = { environment: 'production', flag: 'shop/checkout' }
const key = (processId: string) => `health/production/shop=2fcheckout/${processId}`

/** A process that serves, and tells of it. */
function start(processId: string, incarnation = `${processId}#1`) {
  const { line, exchange } = board.connect()
  const recorder = createHealthRecorder()
  const errors: SluiceError[] = []
  const stop = shareHealth({
    ...{ ...at, exchange, clock, processId, incarnation },
    recorders: () => [[at.flag, recorder] as const],
    onError: (error) => errors.push(error),
  })
  const serve = (requests: number) => {
    for (let n = 0; n < requests; n++) recorder.record(n % 10 === 0 ? 'canary' : 'stable', true, 5)
  }
  return { line, exchange, errors, processId, incarnation, recorder, serve, stop }
}

type Started = ReturnType<typeof start>

/** A reader, in the process given or in one that serves nothing. */
function read(own?: Started) {
  const { line, exchange } = own ?? board.connect()
  const refused: string[] = []
  const source = createFleetSource({
    ...{ ...at, exchange, clock },
    ...(own === undefined ? {} : { own }),
    onRefused: ({ code, message }) => refused.push(`${code} ${message}`),
  })
  const requests = async () => {
    const { stable, canary } = await source.read()
    return stable.requests + canary.requests
  }
  const statuses = () => source.processes().map((each) => `${each.processId} ${each.status}`)
  return { line, refused, source, requests, statuses }
}

describe('a fleet source', () => {
  it('is the sum of what all processes counted', async () => {
    const [one, other] = [start('a'), start('b')]
    const { source, requests, statuses } = read()
    one.serve(100)
    other.serve(30)
    await clock.advance(1_000)
    expect(await requests()).toBe(130)
    other.serve(20)
    await clock.advance(1_000)
    const { stable, canary } = await source.read()
    expect([stable.requests, canary.requests]).toEqual([135, 15])
    expect(statuses()).toEqual(['a live', 'b live'])
  })

  it('counts its own process at once, and not a second time by way of the exchange', async () => {
    const [own, other] = [start('a'), start('b')]
    const { requests, statuses } = read(own)
    own.serve(100)
    other.serve(30)
    expect(await requests()).toBe(100)
    await clock.advance(1_000)
    own.serve(5)
    expect(await requests()).toBe(135)
    await clock.advance(10_000)
    expect(await requests()).toBe(135)
    expect(statuses()).toEqual(['a live', 'b live'])
  })

  it('carries units, series, declarations and how many counted', async () => {
    const [own, other, nameless] = [start('a'), start('b'), start('c')]
    const { source } = read(own)
    const ticker = createTicker({ onDrop: (_, message) => expect.unreachable(message) })
    ticker.next(await source.read(), clock.now())
    const next = async () => {
      await clock.advance(1_000)
      return ticker.next(await source.read(), clock.now())
    }
    for (let retry = 0; retry < 5; retry++) {
      own.recorder.record('canary', false, 5, 'ada')
      other.recorder.record('canary', false, 5, 'ada')
      nameless.recorder.record('canary', false, 5)
    }
    own.recorder.track('signup', 'canary')
    other.recorder.track('signup', 'canary', 7)
    const first = await next()
    expect(first.processes).toBe(3)
    expect(first.canary).toMatchObject({ errors: 15, failedUnits: 1 + 1 + 5, units: 2 })
    expect(first.canary.series?.signup).toMatchObject({ count: 2 })
    nameless.recorder.record('canary', false, 5, 'ben')
    other.recorder.declare('data_corruption', 'totals differ')
    const second = await next()
    expect(second.canary).toMatchObject({ errors: 1, failedUnits: 1, units: 1 })
    expect(second.declared?.because).toBe('totals differ')
    own.recorder.declare('security_vulnerability', 'an open door')
    expect((await next()).declared?.because).toBe('an open door')
  })

  it('does not fall when a process begins again under its name', async () => {
    const first = start('a')
    const { requests } = read()
    first.serve(1_000)
    await clock.advance(1_000)
    expect(await requests()).toBe(1_000)
    first.line.state = 'cut'
    await first.stop()
    const second = start('a', 'a#2')
    second.serve(7)
    await clock.advance(1_000)
    expect(await requests()).toBe(1_007)
  })

  it('hears the last counts of a process that ends in order', async () => {
    const one = start('a')
    const { requests, statuses } = read()
    await clock.advance(1_000)
    await requests()
    one.serve(40)
    await one.stop()
    expect(await requests()).toBe(40)
    await clock.advance(16_000)
    expect(await requests()).toBe(40)
    expect(statuses()).toEqual(['a gone'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('takes a reader that begins late from the present on', async () => {
    const one = start('a')
    one.serve(1_000)
    await clock.advance(60_000)
    const { requests } = read()
    expect(await requests()).toBe(0)
    one.serve(10)
    await clock.advance(1_000)
    expect(await requests()).toBe(10)
  })

  it('has no data while the exchange is not to be had, and all of it afterwards', async () => {
    const [own, other] = [start('a'), start('b')]
    const { line, requests } = read(own)
    await clock.advance(1_000)
    await requests()
    line.state = 'cut'
    own.serve(50)
    other.serve(50)
    await clock.advance(5_000)
    await expect(requests()).rejects.toThrow('not to be had')
    line.state = 'good'
    expect(await requests()).toBe(100)
  })

  it('tells once when its reports begin to fail, and reports again by itself', async () => {
    const one = start('a')
    const { requests } = read()
    one.line.state = 'cut'
    one.serve(10)
    await clock.advance(5_000)
    expect(one.errors.map(({ code }) => code)).toEqual(['health_not_shared'])
    one.line.state = 'good'
    await clock.advance(1_000)
    expect(await requests()).toBe(10)
    one.line.state = 'cut'
    await clock.advance(1_000)
    expect(one.errors).toHaveLength(2)
  })

  it('leaves a report that hangs behind', async () => {
    const one = start('a')
    const { requests } = read()
    await clock.advance(1_000)
    await requests()
    one.line.state = 'hanging'
    await clock.advance(1_000)
    one.line.state = 'good'
    one.serve(10)
    await clock.advance(15_000)
    expect(one.errors).toHaveLength(1)
    await clock.advance(1_000)
    expect(await requests()).toBe(10)
  })

  const sound = { version: 1, processId: 'z', incarnation: 'x', sequence: 1, countedMs: 1 }
  const nothing = { requests: 0, errors: 0, latency: [] }
  it.each<[string, Json, string]>([
    ['text', 'garbage', 'version'],
    ['nothing', {}, 'version'],
    ['another version', { ...sound, version: 2 }, 'version'],
    ['another process', { ...sound, processId: 'y' }, 'processId'],
    ['no incarnation', { ...sound, incarnation: '' }, 'incarnation'],
    ['no sequence', { ...sound, sequence: 0.5 }, 'sequence'],
    ['no time', { ...sound, countedMs: -1 }, 'countedMs'],
    ['no counts', sound, 'requests is undefined'],
    [
      'negative counts',
      { ...sound, stable: { ...nothing, requests: -5 }, canary: nothing },
      'requests is -5',
    ],
    [
      'huge counts',
      { ...sound, stable: { ...nothing, requests: 9e15 }, canary: nothing },
      'requests in 1 ms',
    ],
  ])(
    'ignores %s in a place of a report, says so once, and counts the others',
    async (_, value, why) => {
      const one = start('a')
      const { requests, refused } = read()
      await board.exchange.publish(key('z'), value, 60_000)
      one.serve(10)
      for (let second = 0; second < 5; second++) {
        await clock.advance(1_000)
        expect(await requests()).toBe(10)
      }
      expect(refused).toEqual([
        expect.stringMatching(`invalid_health What stands under ${key('z')} .*${why}`),
      ])
      await board.exchange.publish(key('z'), null, 1)
      await requests()
      await board.exchange.publish(key('z'), value, 60_000)
      await requests()
      expect(refused).toHaveLength(2)
    },
  )

  it('names processes as they name themselves, whatever their keys are', async () => {
    const one = start('shop 1@eu', 'x')
    const { requests, refused, statuses } = read()
    one.serve(10)
    await clock.advance(1_000)
    expect(await requests()).toBe(10)
    expect(statuses()).toEqual(['shop 1@eu live'])
    // A place of its own that says what cannot be.
    await board.exchange.publish(key('shop=201=40eu'), { ...sound, processId: 'shop 1@eu' }, 60_000)
    await requests()
    expect(refused).toEqual([expect.stringContaining(`under ${key('shop=201=40eu')} `)])
  })

  it.each([
    ['an hour behind', -3_600_000],
    ['an hour ahead', 3_600_000],
  ])('dates what a process declares by its own clock, be the other %s', async (_, aheadMs) => {
    const { exchange } = board.connect()
    const theirs = { ...clock, now: () => clock.now() + aheadMs }
    const recorder = createHealthRecorder({ now: theirs.now, epochNow: theirs.now })
    const stop = shareHealth({
      ...{ ...at, exchange, clock: theirs, processId: 'a', incarnation: 'a#1' },
      recorders: () => [[at.flag, recorder] as const],
    })
    const { source } = read()
    await clock.advance(600_000)
    const declaredAt = clock.now()
    recorder.declare('data_corruption', 'totals differ')
    await clock.advance(5_000)
    const { declared } = await source.read()
    // To within what a report is on its way.
    expect(Number(declared?.at) - declaredAt).toBeGreaterThanOrEqual(0)
    expect(Number(declared?.at) - declaredAt).toBeLessThan(3_000)
    await stop()
  })

  it('goes on being told where what is to be told cannot be found for once', async () => {
    const { exchange } = board.connect()
    const errors: string[] = []
    let isBroken = false
    const recorder = createHealthRecorder()
    const stop = shareHealth({
      ...{ ...at, exchange, clock, processId: 'a', incarnation: 'a#1' },
      recorders() {
        if (isBroken) throw new Error('no flags')
        return [[at.flag, recorder] as const]
      },
      onError: ({ code }) => errors.push(code),
    })
    const { requests } = read()
    isBroken = true
    await clock.advance(2_000)
    isBroken = false
    recorder.record('stable', true, 1)
    await clock.advance(2_000)
    expect(await requests()).toBe(1)
    expect(errors).toEqual(['health_not_shared'])
    await stop()
  })

  it('needs no exchange to be the counts of its own process', async () => {
    const recorder = createHealthRecorder()
    recorder.record('canary', false, 5)
    const own = { processId: 'a', incarnation: 'a#1', recorder }
    const source = createFleetSource({ ...at, exchange: undefined, clock, own })
    expect((await source.read()).canary).toMatchObject({ requests: 1, errors: 1 })
    expect(source.processes()).toMatchObject([{ processId: 'a', status: 'live' }])
  })

  it('is the counts of its own process where a server says that it has no exchange', async () => {
    const own = start('a')
    own.line.state = 'unsupported'
    const { requests } = read(own)
    own.serve(10)
    await clock.advance(3_000)
    expect(await requests()).toBe(10)
    expect(own.errors).toEqual([])
  })

  it('keeps flags and environments apart whose names run into each other', async () => {
    const one = start('a')
    one.serve(10)
    await clock.advance(1_000)
    for (const [environment, flag] of [
      ['production', 'shop'],
      ['production/shop', 'checkout'],
      ['production', 'shop/check'],
    ] as const) {
      const { exchange } = board
      const source = createFleetSource({ environment, flag, exchange, clock })
      expect((await source.read()).stable.requests).toBe(0)
    }
  })
})
