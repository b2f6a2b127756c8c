import { createHealthRecorder, errorRate, latency } from '@sluice/guards'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { canary } from '../index.ts'
import { scriptedJudge } from '../testing.ts'
import { createWorld, fail, ops, order, pass } from './controller-world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

const healthy = scriptedJudge(() => [pass])

/** The world's clock, as a process sees it whose own is `aheadMs` ahead. */
function createSkewedClock() {
  const { clock } = world
  const skew = { aheadMs: 0, now: () => clock.now() + skew.aheadMs, after: clock.after }
  return skew
}

describe('a source that does not answer', () => {
  it('keeps nobody from going back', async () => {
    const { clock, join } = world
    const { controller } = await join(scriptedJudge(() => new Promise(() => {})))
    await controller.start(order)
    controller.run()
    await clock.advance(1_000)
    await controller.rollBack(ops)
    expect(controller.state?.phase).toBe('verifying')
  })

  it('is asked again, so that one lost answer does not blind for ever', async () => {
    const { clock, join } = world
    let looks = 0
    const judge = scriptedJudge(() => {
      looks += 1
      return looks === 3 ? new Promise(() => {}) : { verdicts: [pass], canaryRequests: 1 }
    })
    const { controller } = await join(judge)
    await controller.start(order)
    controller.run()
    await clock.advance(120_000)
    expect(controller.state?.phase).toBe('completed')
  })

  it('is not believed when it answers too late', async () => {
    const { clock, join } = world
    const recorder = createHealthRecorder()
    const late: (() => void)[] = []
    let isLate = true
    const source = {
      read() {
        const counts = recorder.read()
        if (!isLate) return counts
        return new Promise<typeof counts>((resolve) => void late.push(() => resolve(counts)))
      },
    }
    const { controller } = await join(undefined as never, { source, guards: [errorRate()] })
    await controller.start(order)
    controller.run()
    await clock.advance(15_000)
    isLate = false
    await clock.advance(8_000)
    for (let request = 0; request < 1_000; request += 1) {
      recorder.record(request % 2 === 0 ? 'canary' : 'stable', true, 20)
    }
    await clock.advance(2_000)
    for (const answer of late) answer()
    await clock.advance(2_000)
    expect(controller.verdicts[0]?.counts.canary.requests).toBe(500)
  })

  it('does not delay the end of a process', async () => {
    const { clock, join } = world
    const { controller } = await join(scriptedJudge(() => new Promise(() => {})))
    await controller.start(order)
    controller.run()
    await clock.advance(1_000)
    await controller.stop()
    expect(controller.state?.phase).toBe('running')
  })
})

describe('a judge that gives nonsense', () => {
  it.each([undefined, null, 7, { verdicts: null }, { verdicts: {} }, { verdicts: [null] }])(
    'holds: %j',
    async (look) => {
      const { clock, join } = world
      const { controller } = await join(() => ({ look: () => look as never }))
      await controller.start(order)
      controller.run()
      await clock.advance(15_000)
      expect(controller.state).toMatchObject({ phase: 'holding', cause: 'unseen' })
    },
  )
})

describe('a canary that nobody reaches', () => {
  it('is told of within the silence limit, not after the whole stage', async () => {
    const { clock, join } = world
    const recorder = createHealthRecorder()
    const guards = [errorRate(), latency()]
    const { controller } = await join(undefined as never, {
      source: recorder,
      guards,
      plan: canary(),
    })
    await controller.start(order)
    controller.run()
    async function serve(seconds: number, arm: 'stable' | 'canary'): Promise<void> {
      for (let second = 0; second < seconds; second += 1) {
        recorder.record('stable', true, 20)
        recorder.record(arm, true, 20)
        await clock.advance(1_000)
      }
    }
    await serve(58, 'stable')
    expect(controller.state?.phase).toBe('running')
    await serve(5, 'stable')
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'unseen' })
    expect((controller.state as { because: string }).because).toContain(
      'no request has reached the canary for 61 s: is checkout defined',
    )
    await serve(35, 'canary')
    expect(controller.state?.phase).toBe('running')
  })
})

describe('a clock that jumps', () => {
  it('does not make old data young', async () => {
    const { clock, join } = world
    const skew = createSkewedClock()
    let dataAt: number | undefined
    const plan = canary({
      stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }],
      monitorMs: 300_000,
    })
    const { controller } = await join(
      scriptedJudge(() => [{ ...pass, dataAt: dataAt ?? skew.now() }]),
      { clock: skew, plan },
    )
    await controller.start(order)
    controller.run()
    await clock.advance(5_000)
    skew.aheadMs = 3_600_000
    await clock.advance(2_000)
    // The last data bear a stamp from the future; nothing comes after them.
    dataAt = skew.now()
    skew.aheadMs = 0
    await clock.advance(900_000)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'unseen', stage: 0 })
  })

  it('does not keep a rollback from being verified when it was ahead', async () => {
    const { clock, join } = world
    const skew = createSkewedClock()
    skew.aheadMs = 3_600_000
    const { controller } = await join(healthy, { clock: skew })
    await controller.start(order)
    controller.run()
    await controller.rollBack(ops)
    skew.aheadMs = 0
    await clock.advance(1_000)
    expect(controller.state?.phase).toBe('verifying')
    await clock.advance(5_000)
    expect(controller.state?.phase).toBe('rolled_back')
  })

  it.each([-315_576_000_000, -3_600_000, 3_600_000, 315_576_000_000])(
    'by %d ms advances nothing, and still goes back',
    async (jumpMs) => {
      const { clock, join } = world
      const skew = createSkewedClock()
      let verdicts = [pass]
      const { controller } = await join(
        scriptedJudge(() => ({ verdicts, canaryRequests: 1 })),
        { clock: skew },
      )
      await controller.start(order)
      controller.run()
      await clock.advance(1_000)
      skew.aheadMs = jumpMs
      await clock.advance(1_000)
      expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
      verdicts = [fail]
      await clock.advance(1_000)
      expect(controller.state?.phase).toBe('verifying')
    },
  )
})

describe('what is refused before it begins', () => {
  it.each([
    ['duplicate_guard', [errorRate(), errorRate()]],
    ['invalid_guard', [{ ...errorRate(), marginRatio: Number.NaN }]],
  ])('%s', async (code, guards) => {
    const { join } = world
    await expect(join(healthy, { guards })).rejects.toMatchObject({ code })
  })

  it('a state of the log that contradicts itself', async () => {
    const { join } = world
    const { controller, replica } = await join(healthy)
    const state = await controller.start(order)
    const errors: { pointer?: string }[] = []
    controller.on('error', (error) => errors.push(error as never))
    const { stages } = state.plan
    const edits = [
      { stage: 3 },
      { flag: 'another' },
      { environment: 'staging' },
      { plan: { ...state.plan, stages: stages.toReversed() } },
    ]
    for (const edit of edits) {
      const value = JSON.parse(JSON.stringify({ ...state, ...edit }))
      const changes = [{ key: 'rollout/production/checkout', value }]
      await replica.commit({ actor: 'eve', action: 'edit', reason: 'by hand', changes })
      await controller.tick()
    }
    expect(errors.map(({ pointer }) => pointer)).toEqual([
      '/stage',
      '/flag',
      '/environment',
      '/plan/stages/1/rolloutPercent',
    ])
    const changes = [{ key: 'rollout/production/checkout', value: null }]
    await replica.commit({ actor: 'ann', action: 'give_up', reason: 'it was broken', changes })
    expect(await controller.start(order)).toMatchObject({ phase: 'running' })
  })
})

describe('commands in a storm', () => {
  it('promote goes one stage, though two say it at once', async () => {
    const { join } = world
    const { controller } = await join(healthy)
    await controller.start(order)
    const outcomes = await Promise.allSettled([controller.promote(ops), controller.promote(ops)])
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'conflict' } },
    ])
    expect(controller.state).toMatchObject({ stage: 1 })
  })

  it('a rollback that is durable is not reported as failed', async () => {
    const { clock, join } = world
    const { controller, replica } = await join(healthy)
    await controller.start(order)
    const { commit } = replica
    let commits = 0
    replica.commit = (...args) => {
      commits += 1
      return commits === 1 ? commit(...args) : Promise.reject(new Error('the store is gone'))
    }
    expect(await controller.rollBack(ops)).toMatchObject({ phase: 'rolling_back' })
    replica.commit = commit
    controller.run()
    await clock.advance(5_000)
    expect(controller.state?.phase).toBe('rolled_back')
  })

  it('a start that takes the flag from people says so', async () => {
    const { join } = world
    const { controller, replica, notices } = await join(healthy)
    const changes = [{ key: 'exposure/production/checkout', value: { enabled: true, rollout: 60 } }]
    await replica.commit({ actor: 'ann', action: 'set_rollout', reason: 'by hand', changes })
    await controller.start(order)
    expect(notices).toEqual([
      'rollout_started: checkout starts at 5 percent, down from 60 percent: new checkout',
    ])
  })
})
