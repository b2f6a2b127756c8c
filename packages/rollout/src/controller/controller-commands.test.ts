import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { canary } from '../index.ts'
import { scriptedJudge } from '../testing.ts'
import { createWorld, fail, ops, order, pass, unsure } from './controller-world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

describe('commands', () => {
  it('pauses, resumes, promotes one stage, aborts, with who and why in the log', async () => {
    const { join, readLog } = world
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
    const { join } = world
    const { controller, replica } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    const state = await controller.rollBack(ops)
    expect(state).toMatchObject({ phase: 'verifying', rollback: { by: 'olga' } })
    expect(replica.get('exposure/production/checkout')?.value).toEqual({ rollout: 0 })
  })

  it('refuses what makes no sense, with a code', async () => {
    const { join } = world
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
    const { join } = world
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
    const { join } = world
    const { controller } = await join(scriptedJudge(() => [pass]))
    const first = await controller.start(order)
    await controller.abort(ops)
    const second = await controller.start(order)
    expect(second.id).not.toBe(first.id)
    expect(second.before).toEqual({ enabled: true, rollout: 5 })
  })

  it('refuses a plan that is too bold for production, and writes nothing', async () => {
    const { join, readLog } = world
    const bold = canary({ stages: [{ rolloutPercent: 100 }] })
    const { controller } = await join(
      scriptedJudge(() => [pass]),
      { plan: bold },
    )
    await expect(controller.start(order)).rejects.toMatchObject({ code: 'invalid_plan' })
    expect(await readLog()).toEqual([])
  })
})

describe('two people who press promote and roll back at the same moment', () => {
  it.each([
    ['promote', ['running', 'verifying'], ['promote', 'roll_back']],
    ['rollBack', ['verifying', 'rolling_back'], ['roll_back']],
  ] as const)(
    'in two processes end with nobody on the canary, though %s is first',
    async (first, outcomes, moves) => {
      const { clock, join, store } = world
      const one = await join(scriptedJudge(() => [pass]))
      const other = await join(scriptedJudge(() => [pass]))
      await one.controller.start(order)
      await other.replica.refresh()
      const press = {
        promote: () => one.controller.promote({ actor: 'bo', reason: 'looks well' }),
        rollBack: () => other.controller.rollBack(ops),
      }
      const second = first === 'promote' ? 'rollBack' : 'promote'
      const said = await Promise.allSettled([press[first](), press[second]()])
      // The phase that each saw, or why it was refused.
      expect(
        said.map((each) => (each.status === 'fulfilled' ? each.value.phase : each.reason.code)),
      ).toEqual(outcomes)
      one.controller.run()
      other.controller.run()
      await clock.advance(10_000)
      const actions = (await store.read(0)).map(({ action }) => action)
      const end = ['verify_rollback', 'end_rollback']
      expect(actions).toEqual(['start_rollout', ...moves, ...end])
      expect(one.replica.get('exposure/production/checkout')?.value).toEqual({ rollout: 0 })
    },
  )
})

describe('someone else at the flag', () => {
  const key = 'exposure/production/checkout'
  const kill = {
    ...{ actor: 'eve', action: 'disable', reason: 'support tickets' },
    changes: [{ key, value: { enabled: false, rollout: 5 } }],
  }

  it('is not fought: the rollout pauses and says who', async () => {
    const { clock, join } = world
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

  it('is noticed when only the shares between variants moved', async () => {
    const { join } = world
    const { controller, replica } = await join(scriptedJudge(() => [pass]))
    const split = (red: number) => ({ enabled: true, rollout: 5, split: { red, blue: 100 - red } })
    await replica.commit({ ...kill, changes: [{ key, value: split(50) }] })
    await controller.start(order)
    await controller.tick()
    expect(controller.state?.phase).toBe('running')
    await replica.commit({ ...kill, changes: [{ key, value: split(20) }] })
    await controller.tick()
    expect(controller.state).toMatchObject({ phase: 'paused', found: split(20) })
  })

  it('keeps the kill switch thrown when the rollout goes back', async () => {
    const { join } = world
    const { controller, replica } = await join(scriptedJudge(() => [pass]))
    await controller.start(order)
    await replica.commit(kill)
    await controller.rollBack(ops)
    expect(replica.get(key)?.value).toEqual({ enabled: false, rollout: 0 })
  })
})

describe('what is told', () => {
  it('tells of states that others wrote, once each, and survives a listener that throws', async () => {
    const { clock, join } = world
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
    const { join } = world
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
    const { join } = world
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
