import { createArmCounts, createHealthRecorder, errorRate, type HealthCounts } from '@sluice/guards'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import { canary, createRolloutController, measureCalibration } from '../index.ts'
import { createManualClock } from '../testing.ts'

const plan = canary({ monitorMs: 600_000 })
const order = { actor: 'ada', reason: 'new checkout' }

/** Of 20,000 requests of theirs so many failed; of 400,000 of the others one in a hundred. */
function counted(cohortErrors: number): HealthCounts {
  return {
    canary: { ...createArmCounts(), requests: 20_000, errors: cohortErrors },
    stable: { ...createArmCounts(), requests: 400_000, errors: 4_000 },
  }
}

describe('calibration', () => {
  it('is a factor for each stage, 1 at 100 percent', async () => {
    const asked: number[] = []
    const factors = await measureCalibration(plan, (percent) => ({
      read() {
        asked.push(percent)
        return counted(percent === 5 ? 400 : 200)
      },
    }))
    expect(asked).toEqual([5, 25, 50])
    expect(factors[0]).toBeGreaterThan(2)
    expect(factors[0]).toBeLessThan(2.3)
    expect(factors[1]).toBeGreaterThan(1)
    expect(factors[1]).toBeLessThan(1.2)
    expect(factors[3]).toBe(1)
  })

  it('refuses to start a rollout whose subjects were not counted', async () => {
    const { controller } = await createRollout({ cohortErrors: undefined })
    await expect(controller.start(order)).rejects.toMatchObject({ code: 'not_calibrated' })
    expect(controller.state).toBeUndefined()
  })

  it('refuses a factor that would blind the guards: too little was counted', async () => {
    const few = {
      canary: { ...createArmCounts(), requests: 500, errors: 6 },
      stable: { ...createArmCounts(), requests: 9_500, errors: 20 },
    }
    const none = {
      canary: { ...createArmCounts(), requests: 500 },
      stable: { ...createArmCounts(), requests: 9_500 },
    }
    for (const counts of [few, none]) {
      await expect(measureCalibration(plan, () => ({ read: () => counts }))).rejects.toMatchObject({
        code: 'not_calibrated',
      })
    }
  })

  it('that hangs keeps nobody waiting for long', async () => {
    const clock = createManualClock()
    const replica = createReplica({ store: createMemoryStore(), clock })
    await replica.start()
    const controller = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', plan, clock },
      cohorts: () => ({ read: () => new Promise(() => {}) }),
    })
    const codes: string[] = []
    controller.start(order).catch(({ code }) => codes.push(code))
    await clock.advance(10_000)
    expect(codes).toEqual(['look_timeout'])
    expect(controller.state).toBeUndefined()
  })

  it('keeps a canary of unlucky users from being rolled back for their bad luck', async () => {
    const calibrated = await createRollout({ cohortErrors: 400 })
    await calibrated.controller.start(order)
    await calibrated.serve(400)
    expect(calibrated.controller.state?.phase).toBe('running')
    expect(calibrated.controller.state?.calibration?.[0]).toBeGreaterThan(2)

    const naive = await createRollout({ cohortErrors: 'not asked' })
    await naive.controller.start(order)
    await naive.serve(400)
    expect(naive.controller.state).toMatchObject({ rollback: { guard: 'error_rate' } })
  })

  it('still sees a canary that is bad beyond its users’ bad luck', async () => {
    const { controller, serve } = await createRollout({ cohortErrors: 400, canaryErrorsIn: 10 })
    await controller.start(order)
    await serve(120)
    expect(controller.state).toMatchObject({ rollback: { guard: 'error_rate' } })
  })
})

/** 20 canary and 380 stable requests a second; the canary's users fail twice as often, with the canary or without. */
async function createRollout({
  cohortErrors,
  canaryErrorsIn = 50,
}: {
  cohortErrors: number | 'not asked' | undefined
  canaryErrorsIn?: number
}) {
  const clock = createManualClock()
  const replica = createReplica({ store: createMemoryStore(), clock })
  await replica.start()
  const recorder = createHealthRecorder()
  const nothing = { canary: createArmCounts(), stable: createArmCounts() }
  const read = () => (typeof cohortErrors === 'number' ? counted(cohortErrors) : nothing)
  const controller = createRolloutController({
    ...{ replica, environment: 'production', flag: 'checkout', plan, clock, source: recorder },
    guards: [errorRate()],
    ...(cohortErrors === 'not asked' ? {} : { cohorts: () => ({ read }) }),
  })
  const served = { canary: 0, stable: 0 }
  async function serve(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      for (let request = 0; request < 400; request++) {
        const arm = request < 20 ? 'canary' : 'stable'
        served[arm]++
        const isError = served[arm] % (arm === 'canary' ? canaryErrorsIn : 100) === 0
        recorder.record(arm, !isError, 20)
      }
      await clock.advance(1_000)
      await controller.tick()
    }
  }
  return { controller, serve }
}
