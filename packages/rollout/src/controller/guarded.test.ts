import { createHealthRecorder, errorRate, type Guard, maxErrorRate } from '@sluice/guards'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import { canary, createRolloutController } from '../index.ts'
import { createManualClock } from '../testing.ts'

const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 50 }, { rolloutPercent: 100 }],
  monitorMs: 120_000,
})
const flagKey = 'exposure/production/checkout'

/** A service with 200 requests a second, whose canary gets what the flag says. */
async function createService({
  guards,
  canaryErrorsIn,
}: {
  guards: readonly Guard[]
  /** One error in so many canary requests. */
  canaryErrorsIn: number
}) {
  const clock = createManualClock()
  const replica = createReplica({ store: createMemoryStore(), clock })
  await replica.start()
  const recorder = createHealthRecorder()
  const controller = createRolloutController({
    ...{ replica, environment: 'production', flag: 'checkout', plan, guards, clock },
    source: recorder,
  })
  let served = 0
  const errors: unknown[] = []
  controller.on('error', (error) => errors.push(error))

  async function serve(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      const { rollout = 0 } = (replica.get(flagKey)?.value ?? {}) as { rollout?: number }
      for (let request = 0; request < 200; request += 1) {
        served += 1
        const arm = request < rollout * 2 ? 'canary' : 'stable'
        const isError = served % (arm === 'canary' ? canaryErrorsIn : 100) === 0
        recorder.record(arm, !isError, 20)
      }
      await clock.advance(1_000)
    }
  }

  await controller.start({ actor: 'ada', reason: 'new checkout' })
  controller.run()
  return { controller, replica, serve, clock, errors, recorder }
}

describe('a rollout watched by real guards', () => {
  it('carries a healthy canary to the end', async () => {
    const guards = [errorRate(), maxErrorRate({ ratio: 0.1, consequence: 'warn' })]
    const { controller, serve, errors } = await createService({ guards, canaryErrorsIn: 100 })
    await serve(400)
    expect(controller.state?.phase).toBe('completed')
    expect(controller.verdicts.map(({ outcome }) => outcome)).toEqual(['pass', 'pass'])
    expect(errors).toEqual([])
  })

  it('rolls a bad canary back within seconds, and sees it become quiet', async () => {
    const guards = [errorRate()]
    const { controller, replica, serve, clock } = await createService({
      ...{ guards, canaryErrorsIn: 10 },
    })
    const startedAt = clock.now()
    await serve(40)
    const { state } = controller
    expect(state).toMatchObject({ phase: 'rolled_back', rollback: { guard: 'error_rate' } })
    if (state?.phase !== 'rolled_back') return
    expect(state.rollback.decidedAt - startedAt).toBeLessThan(30_000)
    expect(state.verifiedAt).toBeLessThan(startedAt + 40_000)
    expect(replica.get(flagKey)?.value).toEqual({ rollout: 0 })
    expect(state.guards).toEqual(guards)
  })

  it('holds when the requests stop, and goes on when they come back', async () => {
    const { controller, serve, clock } = await createService({
      ...{ guards: [errorRate()], canaryErrorsIn: 100 },
    })
    await serve(20)
    await clock.advance(70_000)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'unseen', stage: 0 })
    await serve(35)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
  })

  it('holds when the counters run backwards or are no numbers', async () => {
    const { controller, serve, recorder } = await createService({
      ...{ guards: [errorRate()], canaryErrorsIn: 100 },
    })
    await serve(50)
    const { read } = recorder
    recorder.read = () => ({ ...read(), canary: { ...read().canary, errors: Number.NaN } })
    await serve(12)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'unseen' })
    expect((controller.state as { because: string }).because).toContain('errors is NaN')
    recorder.read = read
    await serve(35)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
  })
})
