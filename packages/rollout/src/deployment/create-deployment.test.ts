import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultPolicy } from '../policy/default-policy.ts'
import { createDeploymentWorld, minuteMs, ops, order, stepsOf } from './deployment-world.fixture.ts'
import { tickProven } from './tick-proven.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

const smokes = ['starts', 'health_endpoint', 'database', 'critical_flows', 'no_error_spike'].map(
  (name) => `smoke ${name}`,
)

describe('a deployment to production', () => {
  it('goes through every step in order, once', async () => {
    world.approve()
    const { deployment, replica } = await world.deploy()
    expect(deployment.state?.phase).toBe('succeeded')
    expect(world.calls).toEqual(['backup', 'up', 'deploy', ...smokes, 'switch'])
    expect(stepsOf(deployment)).toEqual([
      ...['pre_checks done', 'approval done', 'claim_environment done'],
      ...['announce_start done', 'rollback_plan done'],
      ...['rehearse_up skipped', 'rehearse_down skipped', 'backup done', 'migrate done'],
      ...['deploy done', 'smoke_test done', 'switch done', 'monitor done', 'announce done'],
    ])
    expect(replica.get('deployment/production/v1.2.3')?.value).toMatchObject({
      ...{ version: 'v1.2.3', environment: 'production', type: 'minor', ticket: 'SHOP-12' },
      ...{ by: 'ann@example.com', status: 'succeeded', commitAt: Date.UTC(2025, 11, 31) },
      ...{ startedAt: Date.UTC(2026, 0, 1), changes: expect.any(Array) },
    })
  })

  it('writes each step in the log, with who, why, where and the ticket', async () => {
    world.approve()
    await world.deploy()
    const commits = await world.store.read(0)
    const own = commits.filter(({ changes }) => changes[0]?.key.startsWith('deployment/'))
    expect(own[0]).toMatchObject({
      actor: 'ann@example.com',
      action: 'start',
      reason: order.reason,
    })
    expect(own.filter(({ action }) => action === 'end_step')).toHaveLength(12)
    expect(own.every((commit) => commit.ticket === 'SHOP-12')).toBe(true)
    expect(own.every((commit) => commit.environment === 'production')).toBe(true)
  })

  it('monitors as long as the policy says, by time that was observed', async () => {
    world.approve()
    const { deployment } = await world.join()
    deployment.run()
    await deployment.start(order)
    await world.clock.advance(9 * minuteMs)
    expect(deployment.state?.steps.find(({ name }) => name === 'monitor')?.phase).not.toBe('done')
    await world.clock.advance(2 * minuteMs)
    expect(deployment.state?.phase).toBe('succeeded')
  })

  it('does not count time in which nothing could be seen', async () => {
    world.approve()
    let isBlind = true
    const monitor = () => {
      if (isBlind) throw new Error('no metrics')
    }
    const { deployment } = await world.deploy({ hooks: { ...world.hooks, monitor } })
    expect(deployment.state?.phase).not.toBe('succeeded')
    isBlind = false
    await world.clock.advance(12 * minuteMs)
    expect(deployment.state?.phase).toBe('succeeded')
  })

  it('run again changes nothing: neither outside nor in the log', async () => {
    world.approve()
    await world.deploy()
    const calls = [...world.calls]
    const commits = await world.store.read(0)
    const { deployment } = await world.deploy()
    expect(deployment.state?.phase).toBe('succeeded')
    await deployment.resume()
    expect(world.calls).toEqual(calls)
    expect(await world.store.read(0)).toEqual(commits)
  })

  it('under the same version with other changes is refused', async () => {
    world.approve()
    await world.deploy()
    const { deployment } = await world.join({ changes: ['something else'] })
    await expect(deployment.start(order)).rejects.toMatchObject({ code: 'procedure_differs' })
  })

  it('that failed is tried again only where that is said, with an approval of its own', async () => {
    world.approve()
    world.broken.add('deploy')
    const { deployment } = await world.deploy()
    expect(deployment.state?.phase).toBe('undone')
    await expect(deployment.start(order)).rejects.toMatchObject({ code: 'procedure_over' })
    world.broken.clear()
    await deployment.start({ ...order, again: true })
    await world.clock.advance(15 * minuteMs)
    expect(deployment.state).toMatchObject({ phase: 'succeeded', id: 'production/v1.2.3#2' })
  })

  it("has the application's own steps where they were put", async () => {
    world.approve()
    const own = (name: string) => ({
      name,
      async run() {
        world.calls.push(name)
      },
    })
    await world.deploy({ before: { switch: [own('warm_up')] }, after: { switch: [own('purge')] } })
    expect(world.calls.slice(-3)).toEqual(['warm_up', 'switch', 'purge'])
  })

  it('leaves out a step without a hook, and says so', async () => {
    world.approve()
    const { migration: _, switch: __, ...hooks } = world.hooks
    const { deployment } = await world.deploy({ hooks })
    const skipped = deployment.state?.steps.flatMap((step) =>
      step.phase === 'skipped' ? [`${step.name}: ${step.because}`] : [],
    )
    expect(skipped).toContain('switch: no switch hook was given')
    expect(skipped).toContain('migrate: the database does not change')
    expect(deployment.state?.phase).toBe('succeeded')
  })
})

describe('approval', () => {
  it('is waited for, and nothing goes up before', async () => {
    const { deployment } = await world.deploy()
    expect(deployment.state).toMatchObject({ phase: 'waiting', step: 'approval' })
    expect(world.calls).toEqual([])
    world.approve()
    await world.clock.advance(2_000)
    expect(world.calls).toContain('deploy')
  })

  it('is used up in the very commit that ends the step', async () => {
    world.approve()
    await world.deploy()
    const commits = await world.store.read(0)
    const used = commits.find(({ changes }) => changes.some(({ key }) => key === 'approval/a1'))
    expect(used).toMatchObject({ action: 'end_step', reason: 'approval is done' })
  })

  it('that was withdrawn is not used where only the desk has not heard of it', async () => {
    const { deployment, replica } = await world.join()
    const withdrawn = { key: 'approval/a1', value: 'withdrawn' }
    await replica.commit({ ...ops, action: 'withdraw', changes: [withdrawn] })
    const change = {
      changes: [{ key: 'approval/a1', value: 'used' }],
      ...{ dependsOn: ['approval/a1'], basedOn: 0 },
    }
    world.answer({ status: 'approved', id: 'a1', change })
    deployment.run()
    await deployment.start(order)
    await world.clock.advance(minuteMs)
    expect(replica.get('approval/a1')?.value).toBe('withdrawn')
    expect(world.calls).toEqual([])
    world.answer({ status: 'withdrawn', because: 'ann: not now' })
    await world.clock.advance(5_000)
    expect(deployment.state?.phase).toBe('failed')
  })

  it('that is refused ends it', async () => {
    world.answer({ status: 'rejected', because: 'arno: not in December' })
    const { deployment } = await world.deploy()
    expect(deployment.state).toMatchObject({
      phase: 'failed',
      decision: { because: 'approval failed: arno: not in December' },
    })
    expect(world.calls).toEqual([])
  })

  it('is asked for nowhere else: staging goes by itself', async () => {
    const { deployment } = await world.deploy({ environment: 'staging' })
    expect(deployment.state?.phase).toBe('succeeded')
  })

  it('is not needed to go back', async () => {
    world.approve()
    const { deployment } = await world.deploy()
    world.answer({ status: 'missing', because: 'nobody asked' })
    await deployment.rollBack(ops)
    await world.clock.advance(minuteMs)
    expect(deployment.state?.phase).toBe('undone')
  })

  it('is bound to what is deployed', async () => {
    const { deployment } = await world.join()
    const other = await world.join({ changes: ['another'] })
    expect(deployment.subject).toMatchObject({
      kind: 'deployment',
      target: 'v1.2.3',
      type: 'minor',
    })
    expect(other.deployment.subject.asked).not.toEqual(deployment.subject.asked)
  })
})

describe('checklists', () => {
  it('are ticked by the steps that prove an item, and left to people otherwise', async () => {
    world.approve()
    const joined = await world.join()
    const { deployment, checklists } = await world.deploy({
      checklists: joined.checklists,
      announcers: [{ name: 'chat', announce: () => {} }],
    })
    await deployment.stop()
    await world.clock.advance(2 * minuteMs)
    const open = (list: string) =>
      joined.checklists.status(`production/v1.2.3/${list}`).open.map(({ name }) => name)
    expect(open('before')).toEqual(['dashboards_open', 'on_call_available'])
    expect(open('during')).toEqual([])
    expect(open('after')).toEqual([
      'features_verified',
      'documentation',
      'ticket_closed',
      'review_scheduled',
    ])
    const { checklist } = joined.checklists.status('production/v1.2.3/during')
    expect(checklist.items.find(({ name }) => name === 'database_backup')).toMatchObject({
      ...{ phase: 'ticked', by: 'deployment', evidence: 'production/v1.2.3/backup' },
      at: expect.any(Number),
    })
    expect(checklists).toBeDefined()
  })

  it('are ticked to the end by each of two processes that tick at once', async () => {
    world.approve()
    const joined = [await world.join(), await world.join()]
    const { deployment } = await world.deploy()
    await deployment.stop()
    await world.clock.advance(2 * minuteMs)
    const { state, terms } = deployment
    if (state === undefined) expect.fail('it has not begun')
    const by = { policy: defaultPolicy, actor: 'deployment' }
    await Promise.all(
      joined.map(({ checklists }) => tickProven(state, terms, { checklists, ...by })),
    )
    for (const { replica, checklists } of joined) {
      await replica.refresh()
      const { open } = checklists.status('production/v1.2.3/during')
      expect(open).toEqual([])
    }
  })
})
