import { check, createHealthRecorder, declaration, errorRate, type Guard } from '@sluice/guards'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import { canary, createRolloutController } from '../index.ts'
import { createManualClock } from '../testing.ts'

const order = { actor: 'ada', reason: 'new checkout' }

async function createRollout(guards: readonly Guard[]) {
  const clock = createManualClock()
  const replica = createReplica({ store: createMemoryStore(), clock })
  await replica.start()
  const recorder = createHealthRecorder({ now: clock.now, epochNow: clock.now })
  let isDown = false
  const source = {
    read() {
      if (isDown) throw new Error('no answer')
      return recorder.read()
    },
  }
  const controller = createRolloutController({
    ...{ replica, environment: 'production', flag: 'checkout', plan: canary(), guards, clock },
    source,
  })
  async function look(): Promise<void> {
    await clock.advance(1_000)
    await controller.tick()
  }
  return {
    ...{ controller, recorder, clock, look, replica },
    takeSourceDown() {
      isDown = true
    },
  }
}

describe('a declaration', () => {
  it('by a person rolls back at once, and the log says which', async () => {
    const { controller, replica } = await createRollout([errorRate()])
    await controller.start(order)
    const state = await controller.declare('data_corruption', {
      ...{ actor: 'olga', reason: 'orders lose lines' },
    })
    expect(state).toMatchObject({
      rollback: {
        by: 'olga',
        guard: 'declaration',
        because: 'data_corruption was declared: orders lose lines',
      },
    })
    expect(replica.get('exposure/production/checkout')?.value).toMatchObject({ rollout: 0 })
  })

  it('of anything else is refused and changes nothing', async () => {
    const { controller } = await createRollout([errorRate()])
    await controller.start(order)
    await expect(controller.declare('bad_mood' as never, order)).rejects.toMatchObject({
      code: 'invalid_declaration',
    })
    expect(controller.state?.phase).toBe('running')
  })

  it('by code rolls back with the next look', async () => {
    const { controller, recorder, look } = await createRollout([declaration()])
    await controller.start(order)
    await look()
    recorder.declare('critical_feature_broken', 'no payment goes through')
    await look()
    expect(controller.state).toMatchObject({ rollback: { guard: 'declaration' } })
  })

  it('is acted on though the counts are not to be had', async () => {
    const { controller, recorder, look } = await createRollout([declaration(), errorRate()])
    await controller.start(order)
    await look()
    recorder.record('stable', true, 5)
    recorder.read = () => ({ ...createHealthRecorder().read(), declared: declared() }) as never
    const declared = () => ({
      ...{ condition: 'data_corruption', because: 'totals differ', at: Number.MAX_SAFE_INTEGER },
    })
    await look()
    expect(controller.state).toMatchObject({ rollback: { guard: 'declaration' } })
  })

  it('does not stand against the next rollout', async () => {
    const { controller, recorder, look, clock } = await createRollout([declaration()])
    recorder.declare('critical_feature_broken', 'of last week')
    await clock.advance(60_000)
    await controller.start(order)
    await look()
    await look()
    expect(controller.state?.phase).toBe('running')
    expect(controller.verdicts[0]).toMatchObject({ outcome: 'pass' })
  })

  it('vouches for nobody: without another guard no stage is passed', async () => {
    const { controller, look, recorder } = await createRollout([declaration()])
    await controller.start(order)
    for (let second = 0; second < 3_700; second++) {
      recorder.record('canary', true, 5)
      await look()
    }
    expect(controller.state).toMatchObject({ stage: 0 })
  })
})

describe('a check', () => {
  const run = { isOk: true as unknown }
  const guard = check({ name: 'database', run: () => run.isOk, everyMs: 1_000, retries: 0 })

  it('stands in the log without its function, and is asked all the same', async () => {
    const { controller, look } = await createRollout([guard])
    const state = await controller.start(order)
    expect(state.guards[0]).not.toHaveProperty('run')
    run.isOk = true
    await look()
    await look()
    expect(controller.verdicts[0]).toMatchObject({ guard: 'database', outcome: 'pass' })
  })

  it('that fails is acted on while the metric source is down', async () => {
    const { controller, look, takeSourceDown } = await createRollout([
      { ...guard, consequence: 'rollback' },
    ])
    await controller.start(order)
    run.isOk = true
    await look()
    takeSourceDown()
    run.isOk = false
    await look()
    await look()
    expect(controller.state).toMatchObject({ rollback: { guard: 'database' } })
  })

  it.each([
    ['throws', () => Promise.reject(new Error('oh'))],
    ['answers nothing', () => undefined],
  ])('that %s is inconclusive, and nothing advances', async (_, answer) => {
    const { controller, look } = await createRollout([
      { ...guard, run: answer, consequence: 'rollback' },
    ])
    await controller.start(order)
    for (let second = 0; second < 3_700; second++) await look()
    expect(controller.verdicts[0]).toMatchObject({ outcome: 'inconclusive' })
    expect(controller.state).toMatchObject({ stage: 0 })
  })
})
