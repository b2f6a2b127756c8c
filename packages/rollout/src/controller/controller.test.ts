import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CreateJudge, canary } from '../index.ts'
import { scriptedJudge } from '../testing.ts'
import { createWorld, fail, order, pass, unsure } from './controller-world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

describe('a controller, through a whole rollout', () => {
  it('goes through the plan, and the log tells the story', async () => {
    const { clock, join, readLog } = world
    const { controller, notices, replica } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    controller.run()
    await clock.advance(15_000)
    expect(controller.state).toMatchObject({ phase: 'completed', by: 'controller' })
    expect(await readLog()).toEqual([
      'ada start_rollout {"enabled":true,"rollout":5}: new checkout',
      'controller watch: guard process 1 of this rollout begins',
      'controller advance {"enabled":true,"rollout":50}: scripted: scripted to pass',
      'controller advance {"enabled":true,"rollout":100}: scripted: scripted to pass',
      'controller complete: scripted: scripted to pass',
    ])
    expect(notices.map((line) => line.split(':')[0])).toEqual([
      'rollout_started',
      'stage_entered',
      'stage_entered',
      'completed',
    ])
    const [first] = await replica.history('rollout/production/checkout')
    expect(first).toMatchObject({ actor: 'ada', ticket: 'OPS-7', environment: 'production' })
  })

  it('goes back at once when a guard says so, and waits until the canary is quiet', async () => {
    const { clock, join, readLog } = world
    let canaryRequests = 4
    let verdicts = [pass]
    const { controller } = await join(scriptedJudge(() => ({ verdicts, canaryRequests })))
    await controller.start(order)
    controller.run()
    await clock.advance(2_000)
    verdicts = [fail]
    await clock.advance(1_000)
    expect(controller.state?.phase).toBe('verifying')
    const failedAt = clock.now()
    await clock.advance(5_000)
    expect(controller.state?.phase).toBe('verifying')
    canaryRequests = 0
    await clock.advance(4_000)
    expect(controller.state).toMatchObject({
      phase: 'rolled_back',
      rollback: { detectedAt: failedAt, decidedAt: failedAt, guard: 'scripted', fromStage: 0 },
      executedAt: failedAt,
      verifiedAt: failedAt + 9_000,
      overruns: [],
    })
    expect((await readLog()).slice(2)).toEqual([
      'controller roll_back {"rollout":0}: scripted: 12 % errors against 1 %',
      'controller verify_rollback: the canary is at 0 percent; waiting until no request reaches it',
      'controller end_rollback: no request reaches the canary any more',
    ])
  })

  it('does not advance on silence, a failing source, or doubt', async () => {
    const { clock, join } = world
    const scripts: CreateJudge[] = [
      scriptedJudge(() => []),
      scriptedJudge(() => [unsure]),
      scriptedJudge(() => [{ ...pass, consequence: 'warn' }]),
      scriptedJudge(() => [{ ...pass, dataAt: clock.now() - 61_000 }]),
      scriptedJudge(() => {
        throw new Error('no route to prometheus')
      }),
      scriptedJudge(() => new Promise(() => {})),
      () => {
        throw new Error('cannot judge')
      },
    ]
    for (const [index, judge] of scripts.entries()) {
      const { controller } = await join(judge, { flag: `flag-${index}` })
      await controller.start(order)
      controller.run()
    }
    await clock.advance(60_000)
    const { replica } = await join(scriptedJudge(() => []))
    for (const key of replica.keys('exposure/')) {
      expect(replica.get(key)?.value).toEqual({ enabled: true, rollout: 5 })
    }
    const causes = replica
      .entries('rollout/')
      .map(({ value }) => value as { phase: string; cause?: string })
      .map(({ phase, cause }) => `${phase} ${cause}`)
    expect(causes).toEqual([
      'holding waiting',
      'holding waiting',
      'holding waiting',
      'holding unseen',
      'holding unseen',
      'holding unseen',
      'holding unseen',
    ])
  })

  it('counts only time in which it was looking', async () => {
    const { clock, join } = world
    const { controller } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    await controller.tick()
    await clock.advance(11_000)
    await controller.tick()
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
    for (let second = 0; second < 3; second += 1) {
      await clock.advance(1_000)
      await controller.tick()
    }
    expect(controller.state).toMatchObject({ phase: 'running', stage: 1 })
  })

  it('does not count the time in which the rollout was paused', async () => {
    const { clock, join } = world
    const { controller } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    controller.run()
    await clock.advance(1_000)
    await controller.pause(order)
    await clock.advance(60_000)
    await controller.resume(order)
    await clock.advance(1_000)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
    await clock.advance(3_000)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 1 })
  })
})

describe('a process that ends', () => {
  it('is followed by another that takes the rollout up, with the plan and guards of its start', async () => {
    const { clock, join, readLog } = world
    const first = await join(
      scriptedJudge(() => [pass]),
      { actor: 'one' },
    )
    await first.controller.start(order)
    first.controller.run()
    await clock.advance(5_000)
    await first.controller.stop()

    const second = await join(
      scriptedJudge(() => [pass]),
      { actor: 'two', plan: canary() },
    )
    second.controller.run()
    await clock.advance(12_000)
    expect(second.controller.state).toMatchObject({ phase: 'completed', guardRuns: 2 })
    expect((await readLog()).map((line) => line.split(': ')[0])).toEqual([
      'ada start_rollout {"enabled":true,"rollout":5}',
      'one watch',
      'one advance {"enabled":true,"rollout":50}',
      'one keep_evidence',
      'two watch',
      'two advance {"enabled":true,"rollout":100}',
      'two complete',
    ])
  })

  it('leaves its share of alpha spent: the shares of all processes sum to less than alpha', async () => {
    const { clock, join } = world
    const shares: number[] = []
    const judge: CreateJudge = ({ alpha }) => {
      shares.push(alpha)
      return { look: () => ({ verdicts: [unsure] }) }
    }
    for (let process = 0; process < 5; process += 1) {
      const { controller } = await join(judge, { alpha: 0.01 })
      if (process === 0) await controller.start(order)
      controller.run()
      await clock.advance(2_000)
      await controller.stop()
    }
    const parts = [4 / 3, 8, 24, 48, 80]
    shares.forEach((share, run) => {
      expect(share).toBeCloseTo(0.01 / (parts[run] ?? 0), 12)
    })
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThan(0.01)
  })
})

describe('a store that is gone', () => {
  it('leaves a rollback pending, which is tried again each tick until it is durable', async () => {
    const { clock, join } = world
    let verdicts = [pass]
    let isGone = false
    const { controller, replica } = await join(scriptedJudge(() => verdicts))
    const { commit } = replica
    replica.commit = (...args) => {
      return isGone ? Promise.reject(new Error('the store is gone')) : commit(...args)
    }
    const pending: number[] = []
    controller.on('rollback_pending', ({ detectedAt }) => pending.push(detectedAt))
    await controller.start(order)
    controller.run()
    await clock.advance(1_000)
    isGone = true
    verdicts = [fail]
    await clock.advance(1_000)
    const failedAt = clock.now()
    // The decision stands, whatever a later look would say.
    verdicts = [pass]
    await clock.advance(3_000)
    expect(pending).toEqual([failedAt, failedAt, failedAt, failedAt])
    expect(controller.state?.phase).toBe('running')
    isGone = false
    await clock.advance(1_000)
    expect(controller.state).toMatchObject({
      phase: 'verifying',
      rollback: { detectedAt: failedAt, decidedAt: failedAt + 4_000 },
    })
  })
})
