import { check, createHealthRecorder, declaration, errorRate, sampleRatio } from '@sluice/guards'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import {
  canary,
  createGuardJudge,
  createRolloutController,
  type RolloutControllerOptions,
  type Scene,
} from '../index.ts'
import { createManualClock, createVerdict } from '../testing.ts'

const order = { actor: 'ada', reason: 'new checkout' }
const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }],
  monitorMs: 60_000,
  minHoldMs: 5_000,
})

/** A rollout, a source that can be taken down, and a check that can be made to fail. */
async function createRollout(options: Partial<RolloutControllerOptions> = {}) {
  const clock = createManualClock()
  const replica = createReplica({ store: createMemoryStore(), clock })
  await replica.start()
  const recorder = createHealthRecorder({ now: clock.now, epochNow: clock.now })
  const world = { isDown: false, isOk: true }
  const source = {
    read() {
      if (world.isDown) throw new Error('no answer')
      return recorder.read()
    },
  }
  const controller = createRolloutController({
    ...{ replica, environment: 'production', flag: 'checkout', plan, clock, source },
    ...options,
  })
  const blind: string[] = []
  controller.on('blind', (because) => blind.push(because))
  controller.on('error', () => {})
  async function looks(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      for (let request = 0; request < 400; request++) {
        recorder.record(request < 20 ? 'canary' : 'stable', request % 200 !== 150, 20)
      }
      await clock.advance(1_000)
      await controller.tick()
    }
  }
  return { controller, replica, recorder, clock, world, looks, blind }
}

describe('a look without counts', () => {
  it('at which something fails that only warns is not time that was watched', async () => {
    const warning = check({
      ...{ name: 'queue', run: () => false, consequence: 'warn' as const },
      ...{ everyMs: 1_000, retries: 0 },
    })
    const { controller, world, looks, blind } = await createRollout({
      guards: [errorRate(), warning],
    })
    await controller.start(order)
    await looks(30)
    expect(controller.verdicts[1]).toMatchObject({ outcome: 'fail', consequence: 'warn' })
    world.isDown = true
    await looks(50)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'unseen', stage: 0 })
    expect(blind.length).toBeGreaterThan(0)
    world.isDown = false
    await looks(10)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
  })

  it('is no reason to go on, whatever it finds', async () => {
    let look: object = { verdicts: undefined, unseen: 'no answer' }
    const { controller, looks } = await createRollout({
      judge: () => ({ look: () => look as never }),
    })
    await controller.start(order)
    await looks(15)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'unseen' })
    // A judge may be anybody's: one that lets a pass stand though it could not look.
    look = { verdicts: [createVerdict('pass')], unseen: 'no answer' }
    await looks(200)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'unseen', stage: 0 })
    const slow = createVerdict('fail', { guard: 'slow', consequence: 'hold' })
    look = { verdicts: [createVerdict('pass'), slow], unseen: 'no answer' }
    await looks(1)
    expect(controller.verdicts).toEqual([slow])
    look = { verdicts: [createVerdict('fail')], unseen: 'no answer' }
    await looks(1)
    expect(controller.state).toMatchObject({ rollback: { guard: 'scripted' } })
  })

  it('at which only a warning fails does not end a hold', async () => {
    const hold = createVerdict('fail', { consequence: 'hold' })
    const warning = createVerdict('fail', { guard: 'queue', consequence: 'warn' })
    let look: object = { verdicts: [hold, warning], canaryRequests: 1 }
    const { controller, looks } = await createRollout({
      judge: () => ({ look: () => look as never }),
    })
    await controller.start(order)
    await looks(8)
    look = { verdicts: [warning], unseen: 'no answer' }
    await looks(60)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'failing' })
  })

  it('still lets another process try', async () => {
    let yielded = 0
    const lease = {
      stand: () => true,
      yield() {
        yielded += 1
      },
      release: async () => {},
    }
    const failing = check({ name: 'db', run: () => false, everyMs: 1_000, retries: 0 })
    const { controller, world, clock } = await createRollout({
      guards: [errorRate(), failing],
      lease,
    })
    await controller.start(order)
    controller.run()
    await clock.advance(5_000)
    world.isDown = true
    await clock.advance(40_000)
    expect(yielded).toBe(1)
    await controller.stop()
  })
})

describe('counts that no guard takes in', () => {
  it('are not taken for a look', async () => {
    const source = createHealthRecorder()
    const judge = createGuardJudge({ guards: [errorRate()], alpha: 0.01 }, { source })
    const scene = { canaryShare: 0.05, startedAt: 0 }
    await judge.look(1_000, scene)
    source.record('canary', true, 5)
    await expect(judge.look(2_000, { ...scene, calibration: 0.5 })).rejects.toThrow(/counts/)
    expect((await judge.look(3_000, scene)).verdicts).toHaveLength(1)
  })
})

describe('the share of subjects on the canary', () => {
  async function shareAfter(exposure: object | null) {
    const scenes: Scene[] = []
    const { controller, replica, looks } = await createRollout({
      judge: () => ({
        look(_, scene) {
          scenes.push(scene)
          return { verdicts: [createVerdict('inconclusive')] }
        },
      }),
    })
    await controller.start(order)
    await looks(1)
    expect(scenes.at(-1)?.canaryShare).toBe(0.05)
    await replica.commit({
      ...{ actor: 'eve', action: 'move', reason: 'a test', environment: 'production' },
      changes: [{ key: 'exposure/production/checkout', value: exposure as never }],
    })
    await looks(1)
    expect(controller.state?.phase).toBe('paused')
    return scenes.at(-1)?.canaryShare
  }

  it('is what somebody moved it to', async () => {
    expect(await shareAfter({ enabled: true, rollout: 30 })).toBe(0.3)
  })

  it('is 0 where the flag was switched off', async () => {
    expect(await shareAfter({ enabled: false, rollout: 5 })).toBe(0)
  })

  it('is 0 where the definition says it, or nobody can tell', async () => {
    expect(await shareAfter(null)).toBe(0)
    expect(await shareAfter({ enabled: true })).toBe(0)
    expect(await shareAfter({ enabled: true, rollout: 150 })).toBe(0)
    expect(await shareAfter({ enabled: true, rollout: -1 })).toBe(0)
  })

  it('that makes no sense blinds no guard', async () => {
    const { controller, replica, looks } = await createRollout({
      guards: [errorRate(), sampleRatio()],
    })
    await controller.start(order)
    await looks(3)
    await replica.commit({
      ...{ actor: 'eve', action: 'move', reason: 'a test', environment: 'production' },
      changes: [{ key: 'exposure/production/checkout', value: { enabled: true, rollout: 150 } }],
    })
    const seen = controller.verdicts[0]?.counts.canary.requests ?? 0
    await looks(3)
    expect(controller.verdicts[0]?.counts.canary.requests).toBe(seen + 60)
  })
})

describe('a declaration', () => {
  it('is acted on though the rollout was started by a clock that is ahead', async () => {
    const { controller, recorder, looks, clock } = await createRollout({ guards: [declaration()] })
    const { now } = clock
    clock.now = () => now() + 3_600_000
    await controller.start(order)
    clock.now = now
    await looks(1)
    recorder.declare('data_corruption', 'totals differ')
    await looks(1)
    expect(controller.state).toMatchObject({ rollback: { guard: 'declaration' } })
  })
})
