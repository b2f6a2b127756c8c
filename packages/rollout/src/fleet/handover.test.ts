import { createHealthRecorder, errorRate } from '@sluice/guards'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import { createFleetSource, createGuardJudge, shareHealth } from '../index.ts'
import { createManualClock } from '../testing.ts'

const guards = [errorRate()]
const scene = { canaryShare: 0.5, startedAt: 0 }

describe('evidence that is handed on within a fleet', () => {
  it('counts no request twice, though the one who had it knew of its own before all others', async () => {
    const clock = createManualClock()
    const { exchange } = createMemoryStore({ clock })
    if (exchange === undefined) throw new Error('the memory store has an exchange')
    const environment = 'production'
    const recorder = createHealthRecorder({ now: clock.now })
    const identity = { processId: 'one', incarnation: 'one#1' }
    const stop = shareHealth({
      ...{ ...identity, exchange, environment, clock },
      recorders: () => [['checkout', recorder] as const],
    })
    const fleet = { exchange, environment, flag: 'checkout', clock }
    const first = createGuardJudge(
      { guards, alpha: 0.01 },
      { clock, source: createFleetSource({ ...fleet, own: { ...identity, recorder } }) },
    )
    const look = async (judge: typeof first) => judge.look(clock.now(), scene)
    function serve(): void {
      for (let request = 0; request < 10; request++) {
        for (const arm of ['stable', 'canary'] as const) recorder.record(arm, true, 5)
      }
    }

    serve()
    await look(first)
    for (let second = 0; second < 5; second++) {
      await clock.advance(1_000)
      serve()
      await look(first)
    }
    // The last ten of each arm stand in its evidence, and in no report yet.
    const from = first.checkpoint?.()
    if (from === undefined) throw new Error('a guard judge has a checkpoint')
    const next = createGuardJudge(
      { guards, alpha: 0.01, from },
      { clock, source: createFleetSource(fleet) },
    )
    for (let second = 0; second < 10; second++) {
      await look(next)
      await clock.advance(1_000)
    }
    const { verdicts } = await look(next)
    const { requests } = recorder.read().canary
    expect(verdicts?.[0]?.counts.canary.requests).toBeLessThanOrEqual(requests - 10)
    expect(verdicts?.[0]?.counts.canary.requests).toBe(50)

    // From then on all is new, and counts.
    serve()
    await clock.advance(1_000)
    const { verdicts: after } = await look(next)
    expect(after?.[0]?.counts.canary.requests).toBe(60)
    await stop()
  })
})
