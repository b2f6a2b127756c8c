import { describe, expect, it } from 'vitest'
import { type ArmName, bucketOf, createHealthRecorder } from './index.ts'

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
    const before = recorder.read()
    recorder.record('stable', false, 10)
    expect(before.stable.requests).toBe(0)
    expect(before.stable.latency[bucketOf(10)]).toBe(0)
  })

  it('drops and counts what cannot have happened', () => {
    const recorder = createHealthRecorder()
    recorder.record('canary', true, Number.NaN)
    recorder.record('canary', true, -1)
    recorder.record('canary', true, Number.POSITIVE_INFINITY)
    recorder.record('__proto__' as ArmName, true, 1)
    recorder.observe({ arm: 'blue' as ArmName, ok: true, durationMs: 1 })
    expect(recorder.dropped).toBe(5)
    expect(recorder.read().canary.requests).toBe(0)
    expect(recorder.read().stable.requests).toBe(0)
  })
})
