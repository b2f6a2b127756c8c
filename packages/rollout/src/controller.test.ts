import { createReplica, type Replica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type CreateJudge,
  canary,
  createRolloutController,
  type RolloutController,
  type RolloutControllerOptions,
} from './index.ts'
import { createManualClock, createVerdict, scriptedJudge } from './testing.ts'

const pass = createVerdict('pass')
const fail = createVerdict('fail', { because: '12 % errors against 1 %' })
const unsure = createVerdict('inconclusive')
const order = { actor: 'ada', reason: 'new checkout', ticket: 'OPS-7' }
const ops = { actor: 'olga', reason: 'looks odd' }

const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 50 }, { rolloutPercent: 100 }],
  monitorMs: 3_000,
})

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** One log, one clock, and processes on them that come and go. */
async function createWorld() {
  const clock = createManualClock()
  const store = createMemoryStore()

  async function join(
    judge: CreateJudge,
    options: Partial<RolloutControllerOptions> = {},
  ): Promise<{ replica: Replica; controller: RolloutController; notices: string[] }> {
    const replica = createReplica({ store, clock })
    await replica.start()
    await replica.ready()
    const controller = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', plan, clock, judge },
      ...options,
    })
    const notices: string[] = []
    controller.on('event', ({ name, message }) => notices.push(`${name}: ${message}`))
    open.push({
      async close() {
        await controller.stop()
        await replica.close()
      },
    })
    return { replica, controller, notices }
  }

  async function readLog(): Promise<string[]> {
    const commits = await store.read(0)
    return commits.map(({ actor, action, reason, changes }) => {
      const exposure = changes.find(({ key }) => key.startsWith('exposure/'))?.value
      const share = exposure === undefined ? '' : ` ${JSON.stringify(exposure)}`
      return `${actor} ${action}${share}: ${reason}`
    })
  }

  return { clock, store, join, readLog }
}

describe('a controller, through a whole rollout', () => {
  it('goes through the plan, and the log tells the story', async () => {
    const { clock, join, readLog } = await createWorld()
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
    const { clock, join, readLog } = await createWorld()
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
    const { clock, join } = await createWorld()
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
    const { clock, join } = await createWorld()
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
})

describe('commands', () => {
  it('pauses, resumes, promotes one stage, aborts, with who and why in the log', async () => {
    const { join, readLog } = await createWorld()
    const { controller } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    expect(await controller.pause(ops)).toMatchObject({ phase: 'paused', by: 'olga' })
    await controller.resume({ actor: 'olga', reason: 'fine after all' })
    expect(await controller.promote(ops)).toMatchObject({ phase: 'running', stage: 1 })
    expect(await controller.abort(ops)).toMatchObject({ phase: 'aborted' })
    expect((await readLog()).slice(1)).toEqual([
      'olga pause: looks odd',
      'olga resume: fine after all',
      'olga promote {"enabled":true,"rollout":50}: looks odd',
      'olga abort: looks odd',
    ])
  })

  it('rolls back on request', async () => {
    const { join } = await createWorld()
    const { controller, replica } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    const state = await controller.rollBack(ops)
    expect(state).toMatchObject({ phase: 'verifying', rollback: { by: 'olga' } })
    expect(replica.get('exposure/production/checkout')?.value).toEqual({ rollout: 0 })
  })

  it('refuses what makes no sense, with a code', async () => {
    const { join } = await createWorld()
    const { controller } = await join(scriptedJudge(() => [pass]))
    await expect(controller.pause(ops)).rejects.toMatchObject({ code: 'no_rollout' })
    await controller.start(order)
    await expect(controller.start(order)).rejects.toMatchObject({ code: 'rollout_exists' })
    await expect(controller.resume(ops)).rejects.toMatchObject({ code: 'not_paused' })
    await controller.pause(ops)
    await expect(controller.pause(ops)).rejects.toMatchObject({ code: 'already_paused' })
    await controller.rollBack(ops)
    await expect(controller.abort(ops)).rejects.toMatchObject({ code: 'rolling_back' })
  })

  it('refuses to promote while a guard demands to go back', async () => {
    const { join } = await createWorld()
    let verdicts = [pass]
    const { controller, replica } = await join(scriptedJudge(() => verdicts))
    await controller.start(order)
    await controller.tick()
    verdicts = [fail]
    const { commit } = replica
    replica.commit = () => Promise.reject(new Error('the store is gone'))
    await controller.tick()
    replica.commit = commit
    await expect(controller.promote(ops)).rejects.toMatchObject({ code: 'guard_demands_rollback' })
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
  })

  it('starts again after the end, with a rollout of its own', async () => {
    const { join } = await createWorld()
    const { controller } = await join(scriptedJudge(() => [pass]))
    const first = await controller.start(order)
    await controller.abort(ops)
    const second = await controller.start(order)
    expect(second.id).not.toBe(first.id)
    expect(second.before).toEqual({ enabled: true, rollout: 5 })
  })

  it('refuses a plan that is too bold for production, and writes nothing', async () => {
    const { join, readLog } = await createWorld()
    const bold = canary({ stages: [{ rolloutPercent: 100 }] })
    const { controller } = await join(
      scriptedJudge(() => [pass]),
      { plan: bold },
    )
    await expect(controller.start(order)).rejects.toMatchObject({ code: 'invalid_plan' })
    expect(await readLog()).toEqual([])
  })
})

describe('someone else at the flag', () => {
  const key = 'exposure/production/checkout'
  const kill = {
    ...{ actor: 'eve', action: 'disable', reason: 'support tickets' },
    changes: [{ key, value: { enabled: false, rollout: 5 } }],
  }

  it('is not fought: the rollout pauses and says who', async () => {
    const { clock, join } = await createWorld()
    const { controller, replica, notices } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    controller.run()
    await clock.advance(1_000)
    await replica.commit(kill)
    await clock.advance(20_000)
    expect(controller.state).toMatchObject({ phase: 'paused', by: 'eve' })
    expect(replica.get(key)?.value).toEqual({ enabled: false, rollout: 5 })
    expect(notices.at(-1)).toContain('eve moved the exposure')
  })

  it('keeps the kill switch thrown when the rollout goes back', async () => {
    const { join } = await createWorld()
    const { controller, replica } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    await replica.commit(kill)
    await controller.rollBack(ops)
    expect(replica.get(key)?.value).toEqual({ enabled: false, rollout: 0 })
  })
})

describe('a process that ends', () => {
  it('is followed by another that takes the rollout up, with the plan and guards of its start', async () => {
    const { clock, join, readLog } = await createWorld()
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
      'two watch',
      'two advance {"enabled":true,"rollout":100}',
      'two complete',
    ])
  })

  it('leaves its share of alpha spent: the shares of all processes sum to less than alpha', async () => {
    const { clock, join } = await createWorld()
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
    expect(shares).toEqual([2, 6, 12, 20, 30].map((part) => 0.01 / part))
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThan(0.01)
  })
})

describe('a store that is gone', () => {
  it('leaves a rollback pending, which is tried again each tick until it is durable', async () => {
    const { clock, join } = await createWorld()
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

describe('what is told', () => {
  it('tells of states that others wrote, once each, and survives a listener that throws', async () => {
    const { clock, join } = await createWorld()
    const here = await join(scriptedJudge(() => [unsure]))
    const there = await join(scriptedJudge(() => [unsure]))
    const phases: string[] = []
    const errors: unknown[] = []
    here.controller.on('error', (error) => errors.push(error))
    here.controller.on('state', ({ phase }) => {
      phases.push(phase)
      throw new Error('a listener of the application')
    })
    here.controller.run()
    await clock.advance(0)
    await there.controller.start(order)
    await there.controller.pause(ops)
    await clock.advance(1_000)
    expect(phases).toEqual(['running', 'paused', 'paused'])
    expect(errors).toHaveLength(3)
    await here.controller.stop()
  })

  it('holds and says so where the state in the log cannot be read', async () => {
    const { join } = await createWorld()
    const { controller, replica } = await join(scriptedJudge(() => [pass]))
    await replica.commit({
      ...{ actor: 'newer', action: 'start_rollout', reason: 'x' },
      changes: [{ key: 'rollout/production/checkout', value: { schema: 2, phase: 'soaring' } }],
    })
    const errors: unknown[] = []
    controller.on('error', (error) => errors.push(error))
    await controller.tick()
    expect(errors).toMatchObject([{ code: 'invalid_rollout_state' }])
    expect(controller.state).toBeUndefined()
    await expect(controller.start(order)).rejects.toMatchObject({ code: 'invalid_rollout_state' })
  })

  it.each([
    ['alpha', { alpha: 1 }],
    ['tickMs', { tickMs: 0 }],
  ])('refuses an impossible %s', async (name, options) => {
    const { join } = await createWorld()
    await expect(
      join(
        scriptedJudge(() => [pass]),
        options,
      ),
    ).rejects.toMatchObject({
      code: 'invalid_option',
      pointer: `/${name}`,
    })
  })
})
