import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ArmName,
  bucketOf,
  createGuardSet,
  createHealthRecorder,
  createTicker,
  errorRate,
} from './index.ts'

/** A recorder whose clock the test moves. */
function createTimed(timeoutMs = 30_000) {
  const clock = { now: 0 }
  return { clock, recorder: createHealthRecorder({ timeoutMs, now: () => clock.now }) }
}

describe('createHealthRecorder', () => {
  it('counts requests, errors and latencies per arm', () => {
    const recorder = createHealthRecorder()
    recorder.observe({ arm: 'canary', ok: false, durationMs: 120 })
    recorder.record('canary', true, 120)
    recorder.record('stable', true, 3)
    const { stable, canary } = recorder.read()
    expect(canary).toMatchObject({ requests: 2, errors: 1 })
    expect(canary.latency[bucketOf(120)]).toBe(2)
    expect(stable).toMatchObject({ requests: 1, errors: 0 })
    expect(stable.latency[bucketOf(3)]).toBe(1)
  })

  it('hands out copies that later requests do not change', () => {
    const recorder = createHealthRecorder()
    recorder.track('signup', 'stable', 1)
    const before = recorder.read()
    recorder.record('stable', false, 10)
    recorder.track('signup', 'stable', 1)
    expect(before.stable.requests).toBe(0)
    expect(before.stable.latency[bucketOf(10)]).toBe(0)
    expect(before.stable.series?.signup?.values?.[bucketOf(1)]).toBe(1)
  })

  it('drops and counts what cannot have happened', () => {
    const recorder = createHealthRecorder()
    recorder.record('canary', true, Number.NaN)
    recorder.record('canary', true, -1)
    recorder.record('canary', true, Number.POSITIVE_INFINITY)
    recorder.record('__proto__' as ArmName, true, 1)
    recorder.observe({ arm: 'blue' as ArmName, ok: true, durationMs: 1, unit: 'ada' })
    recorder.begin(undefined as never, 'ada').end(true)
    recorder.track('signup', 'blue' as ArmName)
    expect(recorder.dropped).toBe(7)
    const { stable, canary } = recorder.read()
    expect([stable.requests, canary.requests]).toEqual([0, 0])
    expect([stable.units, canary.units]).toEqual([undefined, undefined])
  })

  it.each([0, -1, Number.NaN])('refuses a timeout of %s', (timeoutMs) => {
    expect(() => createHealthRecorder({ timeoutMs })).toThrowError(
      expect.objectContaining({ code: 'invalid_recorder' }),
    )
  })

  it('counts the sum of what it is told, whatever that is', () => {
    const request = fc.record({
      arm: fc.constantFrom<ArmName>('stable', 'canary', 'blue' as ArmName),
      ok: fc.boolean(),
      durationMs: fc.oneof(fc.double({ min: -10, max: 1e5 }), fc.constant(Number.NaN)),
      unit: fc.option(fc.constantFrom('ada', 'ben', 'eve', ''), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 100 }), (requests) => {
        const { recorder } = createTimed()
        for (const each of requests) recorder.observe(each)
        const isSound = ({ arm, durationMs }: (typeof requests)[0]) =>
          arm !== ('blue' as ArmName) && durationMs >= 0
        expect(recorder.dropped).toBe(requests.filter((each) => !isSound(each)).length)
        const counts = recorder.read()
        // All of one minute: each unit's first error is all that is counted of it.
        const firsts = new Map<string, ArmName>()
        for (const each of requests) {
          if (each.ok || !each.unit || !isSound(each) || firsts.has(each.unit)) continue
          firsts.set(each.unit, each.arm)
        }
        for (const arm of ['stable', 'canary'] as const) {
          const sound = requests.filter((each) => each.arm === arm && isSound(each))
          const errors = sound.filter(({ ok }) => !ok)
          const named = [...firsts.values()].filter((first) => first === arm).length
          const nameless = errors.filter(({ unit }) => !unit).length
          expect(counts[arm]).toMatchObject({ requests: sound.length, errors: errors.length })
          const { failedUnits = errors.length, latency } = counts[arm]
          expect(failedUnits).toBe(nameless + named)
          expect(Float64Array.from(latency).reduce((sum, n) => sum + n)).toBe(sound.length)
        }
      }),
    )
  })
})

describe('units', () => {
  it('are unknown until one is given', () => {
    const recorder = createHealthRecorder()
    recorder.record('canary', false, 1)
    recorder.record('canary', false, 1, '')
    expect(recorder.read().canary).not.toHaveProperty('failedUnits')
    expect(recorder.read().canary).not.toHaveProperty('units')
    recorder.record('stable', true, 1, 'ada')
    expect(recorder.read()).toMatchObject({
      stable: { units: 1, failedUnits: 0 },
      canary: { units: 0, failedUnits: 2 },
    })
  })

  it('fail once a minute, in the arm in which they fail first', () => {
    const { clock, recorder } = createTimed()
    for (clock.now = 0; clock.now < 120_000; clock.now += 1_000) {
      recorder.record('stable', false, 1, 'ada')
      recorder.record('canary', false, 1, 'ada')
      recorder.record('canary', false, 1, 'ben')
    }
    expect(recorder.read()).toMatchObject({
      stable: { errors: 120, failedUnits: 2 },
      canary: { errors: 240, failedUnits: 2 },
    })
  })

  it('roll back no healthy canary that gets one request in ten of every one of them', () => {
    const { clock, recorder } = createTimed()
    const ticker = createTicker()
    const set = createGuardSet([errorRate()])
    set.observe(ticker.next(recorder.read(), 0))
    for (clock.now = 1_000; clock.now <= 600_000; clock.now += 1_000) {
      for (let request = 0; request < 100; request++) {
        // Each fails for half a minute in ten, whichever arm it meets.
        const unit = request % 20
        const isFailing = (clock.now / 1_000 + 30 * unit) % 600 < 30
        const arm = (request * 7 + clock.now / 1_000) % 10 === 0 ? 'canary' : 'stable'
        recorder.record(arm, !isFailing, 1, `${unit}`)
      }
      set.observe(ticker.next(recorder.read(), clock.now))
    }
    expect(set.verdicts()[0]?.outcome).not.toBe('fail')
  })

  it('are counted where they are first seen, until the shares change', () => {
    const recorder = createHealthRecorder()
    recorder.record('stable', true, 1, 'ada')
    recorder.begin('stable', 'ada').end(true)
    recorder.record('canary', true, 1, 'ben')
    expect(recorder.read()).toMatchObject({ stable: { units: 1 }, canary: { units: 1 } })
    const inFlight = recorder.begin('stable', 'ada')
    recorder.restartUnits()
    inFlight.end(true)
    recorder.record('canary', true, 1, 'ada')
    expect(recorder.read()).toMatchObject({ stable: { units: 1 }, canary: { units: 2 } })
  })

  it('lose nothing by a clock that steps back an hour', () => {
    const { clock, recorder } = createTimed()
    clock.now = 3_600_000
    recorder.record('canary', false, 1, 'ada')
    const inFlight = recorder.begin('canary', 'ben')
    clock.now = 0
    recorder.record('canary', false, 1, 'ada')
    expect(recorder.read().canary).toMatchObject({ requests: 2, failedUnits: 1 })
    clock.now = 20_000
    inFlight.end(true)
    expect(recorder.read().canary.latency[bucketOf(20_000)]).toBe(1)
    clock.now = 60_000
    recorder.record('canary', false, 1, 'ada')
    expect(recorder.read().canary).toMatchObject({ requests: 4, failedUnits: 2 })
  })
})

describe('a series', () => {
  it('counts events and their values by name and arm', () => {
    const recorder = createHealthRecorder()
    recorder.track('signup', 'canary')
    recorder.track('purchase', 'canary', 40)
    recorder.track('purchase', 'canary', 40)
    recorder.track('__proto__', 'stable', 0)
    const { stable, canary } = recorder.read()
    expect(Object.keys(canary.series ?? {})).toEqual(['signup', 'purchase', '__proto__'])
    expect(canary.series?.signup).toEqual({ count: 1 })
    expect(canary.series?.purchase?.count).toBe(2)
    expect(canary.series?.purchase?.values?.[bucketOf(40)]).toBe(2)
    expect(stable.series?.purchase).toEqual({ count: 0 })
    expect(Object.getOwnPropertyDescriptor(stable.series, '__proto__')?.value.count).toBe(1)
  })

  it('is one of sixteen, with a name and values that can be', () => {
    const recorder = createHealthRecorder()
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      recorder.track('purchase', 'canary', value)
    }
    for (const name of ['', 'x'.repeat(65), 5 as never]) recorder.track(name, 'canary')
    expect(recorder.dropped).toBe(6)
    expect(recorder.read().canary.series).toBeUndefined()
    for (let order = 0; order < 100; order++) recorder.track(`order ${order}`, 'canary')
    recorder.track('order 3', 'canary')
    expect(Object.keys(recorder.read().canary.series ?? {})).toHaveLength(16)
    expect(recorder.read().canary.series?.['order 3']?.count).toBe(2)
    expect(recorder.dropped).toBe(6 + 84)
  })
})

describe('a declaration', () => {
  it('stands until the next, dated, its line cut short', () => {
    let now = 5
    const recorder = createHealthRecorder({ epochNow: () => now })
    expect(recorder.read()).not.toHaveProperty('declared')
    recorder.declare('security_vulnerability', 'before')
    now = 7
    recorder.declare('data_corruption', 'x'.repeat(1_000))
    expect(recorder.read().declared).toEqual({
      condition: 'data_corruption',
      because: 'x'.repeat(500),
      at: 7,
    })
  })

  it.each([
    ['another condition', 'bad_mood', 'why'],
    ['no line', 'data_corruption', undefined],
    ['an empty line', 'data_corruption', ''],
  ])('is refused loudly with %s', (_, condition, because) => {
    const recorder = createHealthRecorder()
    expect(() => recorder.declare(condition as never, because as never)).toThrowError(
      expect.objectContaining({ code: 'invalid_declaration' }),
    )
    expect(recorder.read().declared).toBeUndefined()
  })
})
