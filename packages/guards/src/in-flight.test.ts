import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOf, createHealthRecorder, type InFlight } from './index.ts'

/** A recorder with a timeout of a second, whose clock the test moves. */
function createTimed() {
  const clock = { now: 0 }
  return { clock, recorder: createHealthRecorder({ timeoutMs: 1_000, now: () => clock.now }) }
}

describe('a request in flight', () => {
  it('is counted when it ends, once', () => {
    const { clock, recorder } = createTimed()
    const [one, other] = [recorder.begin('canary', 'ada'), recorder.begin('stable')]
    clock.now = 100
    one.end(false)
    one.end(true)
    one.end(false)
    expect(recorder.read()).toMatchObject({
      stable: { requests: 0 },
      canary: { requests: 1, errors: 1, failedUnits: 1, units: 1 },
    })
    expect(recorder.read().canary.latency[bucketOf(100)]).toBe(1)
    other.end(true)
    expect(recorder.read().stable).toMatchObject({ requests: 1, errors: 0 })
  })

  it('counts as an error once it is too old, and its end changes nothing', () => {
    const { clock, recorder } = createTimed()
    const inFlight = recorder.begin('canary', 'ada')
    clock.now = 999
    expect(recorder.read().canary.requests).toBe(0)
    clock.now = 5_000
    expect(recorder.read().canary).toMatchObject({ requests: 1, errors: 1, failedUnits: 1 })
    expect(recorder.read().canary.latency[bucketOf(1_000)]).toBe(1)
    inFlight.end(true)
    expect(recorder.read().canary).toMatchObject({ requests: 1, errors: 1 })
  })

  it('counts the same, whether somebody looked before it ended or not', () => {
    const { clock, recorder } = createTimed()
    const inFlight = recorder.begin('canary')
    clock.now = 1_000
    inFlight.end(true)
    expect(recorder.read().canary).toMatchObject({ requests: 1, errors: 1 })
    expect(recorder.read().canary.latency[bucketOf(1_000)]).toBe(1)
  })

  it('is not watched beyond ten thousand, and counted all the same when it ends', () => {
    const { clock, recorder } = createTimed()
    const all = Array.from({ length: 10_005 }, () => recorder.begin('canary'))
    clock.now = 500
    for (const each of all.slice(10_000, 10_002)) each.end(true)
    clock.now = 2_000
    expect(recorder.read().canary).toMatchObject({ requests: 10_002, errors: 10_000 })
    for (const each of all) each.end(true)
    expect(recorder.read().canary).toMatchObject({ requests: 10_005, errors: 10_003 })
    recorder.begin('canary')
    clock.now = 4_000
    expect(recorder.read().canary.requests).toBe(10_006)
  })

  it('is counted once, and as an error if it was too old, in whatever order things happen', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('begin' as const) }),
      fc.record({ do: fc.constant('end' as const), which: fc.nat(20), ok: fc.boolean() }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.nat(700) }),
      fc.record({ do: fc.constant('read' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { clock, recorder } = createTimed()
        const all: { inFlight: InFlight; startedAt: number; isError?: boolean }[] = []
        for (const each of steps) {
          if (each.do === 'begin') {
            all.push({ inFlight: recorder.begin('canary'), startedAt: clock.now })
          } else if (each.do === 'end') {
            const one = all[each.which % all.length]
            one?.inFlight.end(each.ok)
            if (one) one.isError ??= !each.ok || clock.now - one.startedAt >= 1_000
          } else if (each.do === 'wait') {
            clock.now += each.ms
          } else {
            recorder.read()
          }
        }
        for (const one of all) if (clock.now - one.startedAt >= 1_000) one.isError ??= true
        const ended = all.filter(({ isError }) => isError !== undefined)
        expect(recorder.read().canary).toMatchObject({
          requests: ended.length,
          errors: ended.filter(({ isError }) => isError).length,
        })
      }),
    )
  })
})
