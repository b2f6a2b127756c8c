import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { definePolicy } from '../policy/define-policy.ts'
import {
  attestations,
  createDeploymentWorld,
  minuteMs,
  ops,
  order,
  rollbackPlan,
  stepsOf,
} from './deployment-world.fixture.ts'

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

describe('the database', () => {
  it('goes up, down and up again in staging', async () => {
    await world.deploy({ environment: 'staging' })
    expect(world.calls.slice(0, 3)).toEqual(['up', 'down', 'up'])
    expect(world.calls).not.toContain('backup')
  })

  it('whose migration was rehearsed in staging needs nobody to attest it', async () => {
    const { migration_tested: _, ...rest } = attestations
    await world.deploy({ environment: 'staging', attestations: rest })
    world.approve()
    const { deployment } = await world.deploy({ attestations: rest })
    expect(deployment.state?.phase).toBe('succeeded')
  })

  it('is saved before the migration, and goes down where a later step fails', async () => {
    world.approve()
    world.broken.add('smoke database')
    const { deployment } = await world.deploy()
    expect(deployment.state?.phase).toBe('undone')
    expect(world.calls).toEqual([
      ...['backup', 'up', 'deploy', ...smokes],
      ...['undo deploy', 'down', 'verify'],
    ])
  })

  it('is restored from the backup where the migration cannot be reversed', async () => {
    world.approve()
    world.broken.add('smoke database')
    const { up } = world.hooks.migration!
    const { deployment } = await world.deploy({
      hooks: { ...world.hooks, migration: { up, isReversible: false } },
    })
    expect(deployment.state?.phase).toBe('undone')
    expect(world.calls.slice(-3)).toEqual(['undo deploy', 'restore {"file":"a.sql"}', 'verify'])
  })

  it('goes down once where it fails after the rehearsal went down', async () => {
    world.broken.add('deploy')
    await world.deploy({ environment: 'staging' })
    expect(world.calls).toEqual(['up', 'down', 'up', 'deploy', 'undo deploy', 'down', 'verify'])
  })

  it('is left alone where it says that the migration is applied', async () => {
    world.approve()
    const migration = { ...world.hooks.migration!, isApplied: async () => true }
    await world.deploy({ hooks: { ...world.hooks, migration } })
    expect(world.calls).not.toContain('up')
  })
})

describe('a deployment that is not well', () => {
  it('goes back by itself when the monitor says so, and the timeline is measured', async () => {
    world.approve()
    const { deployment } = await world.join()
    deployment.run()
    await deployment.start(order)
    await world.clock.advance(2 * minuteMs)
    world.fallIll()
    await world.clock.advance(minuteMs)
    expect(deployment.state).toMatchObject({
      phase: 'undone',
      decision: { cause: 'failed', step: 'monitor', because: 'monitor failed: 12 % errors' },
    })
    expect(world.calls.slice(-4)).toEqual(['undo switch', 'undo deploy', 'down', 'verify'])
    expect(deployment.rollback).toMatchObject({
      ...{ decisionMs: 0, executionMs: 0, verificationMs: 0, totalMs: 0, overruns: [] },
      limits: {
        decisionMs: 120_000,
        executionMs: 300_000,
        verificationMs: 180_000,
        totalMs: 600_000,
      },
    })
  })

  it('goes back by hand, with the time at which the trouble was seen', async () => {
    world.approve()
    const { deployment } = await world.deploy()
    const detectedAt = world.clock.now() - minuteMs
    await deployment.rollBack({ ...ops, detectedAt })
    await world.clock.advance(minuteMs)
    expect(deployment.rollback).toMatchObject({
      ...{ by: 'olga@example.com', because: 'customers complain' },
      ...{ decisionMs: minuteMs, executionMs: 0, totalMs: minuteMs, overruns: [] },
    })
  })

  it('tells each limit of the rollback that is not kept, once, while it lasts', async () => {
    world.approve()
    let finish = () => {}
    const undo = () =>
      new Promise<void>((resolve) => {
        finish = resolve
      })
    const hooks = { ...world.hooks, switch: { run: async () => undefined, undo } }
    const { deployment } = await world.deploy({
      hooks,
      limits: { switch: { undoTimeoutMs: 3_600_000 } },
    })
    const overruns: string[] = []
    deployment.on('overrun', ({ of, part, limitMs }) => overruns.push(`${of} ${part} ${limitMs}`))
    await deployment.rollBack({ ...ops, detectedAt: world.clock.now() - 3 * minuteMs })
    await world.clock.advance(6 * minuteMs)
    expect(overruns).toEqual(['rollback decision 120000', 'rollback execution 300000'])
    finish()
    await world.clock.advance(minuteMs)
    expect(deployment.rollback).toMatchObject({ overruns: ['decision', 'execution'] })
    expect(
      world.lines.filter(([level, , text]) => level === 'error' && text.includes('longer')),
    ).toHaveLength(2)
  })

  it('that cannot go back says loudly what is left', async () => {
    world.approve()
    world.broken.add('smoke starts').add('undo deploy')
    const { deployment } = await world.deploy()
    expect(deployment.state).toMatchObject({
      phase: 'failed',
      left: ['deploy', 'migrate', 'rollback_plan', 'announce_start'],
    })
    expect(world.calls).not.toContain('down')
  })
})

describe('what the policy asks for first', () => {
  it.each([
    ['rollback_plan_missing', { rollbackPlan: undefined }, '/rollbackPlan'],
    [
      'rollback_plan_untested',
      { rollbackPlan: { ...rollbackPlan, testedIn: 'development' } },
      '/rollbackPlan/testedIn',
    ],
    ['approvals_missing', { approvals: undefined }, '/approvals'],
    ['unknown_type', { type: 'huge' }, '/type'],
    ['checks_missing', { attestations: {}, environment: 'staging' }, '/checks'],
    ['smoke_tests_missing', { hooks: {} }, '/hooks/smokeTests'],
  ])('is refused with %s, and nothing is written', async (code, options, pointer) => {
    const { deployment } = await world.join(options as never)
    await expect(deployment.start(order)).rejects.toMatchObject({ code, pointer })
    expect(await world.store.read(0)).toEqual([])
  })

  it('refuses a migration without a way back', async () => {
    const { backup: _, ...unsaved } = world.hooks
    const { up } = world.hooks.migration!
    for (const [hooks, code] of [
      [unsaved, 'backup_missing'],
      [{ ...world.hooks, migration: { up } }, 'migration_irreversible'],
      [
        {
          ...world.hooks,
          migration: { up, isReversible: false },
          backup: { create: async () => 1 },
        },
        'migration_irreversible',
      ],
    ] as const) {
      const { deployment } = await world.join({ hooks })
      await expect(deployment.start(order)).rejects.toMatchObject({ code })
    }
  })

  it('names every check that nobody made', async () => {
    const { tests: _, benchmarks: __, ...rest } = attestations
    const { deployment } = await world.join({ attestations: rest })
    await expect(deployment.start(order)).rejects.toMatchObject({
      code: 'checks_missing',
      found: 'nothing for tests, benchmarks',
    })
  })

  it('takes a function for a check, and writes down who, when and where of the others', async () => {
    world.approve()
    const { tests: _, ...rest } = attestations
    const { deployment } = await world.deploy({ attestations: rest, checks: { tests: () => true } })
    const made = deployment.state?.steps[0]
    expect(made).toMatchObject({ name: 'pre_checks', phase: 'done' })
    expect((made as { result?: unknown }).result).toMatchObject({
      checks: expect.arrayContaining([
        { name: 'tests', how: 'run' },
        {
          name: 'code_review',
          how: 'attested',
          by: 'ci',
          at: expect.any(Number),
          link: expect.any(String),
        },
        { name: 'runbook', how: 'shown', proof: 'https://wiki.example.com/runbook' },
      ]),
    })
  })

  it('ends where a check fails, with all that failed, before anything was done', async () => {
    world.approve()
    const checks = {
      tests: () => false,
      benchmarks: () => ({ isHealthy: false, because: '20 % slower' }),
    }
    const { deployment } = await world.deploy({ checks })
    expect(deployment.state).toMatchObject({
      phase: 'failed',
      decision: { because: 'pre_checks failed: tests: it says no; benchmarks: 20 % slower' },
    })
    expect(world.calls).toEqual([])
  })

  it('is less in development, and whatever the policy says', async () => {
    const bare = { environment: 'development', attestations: {}, hooks: {} }
    const first = await world.deploy(bare)
    expect(first.deployment.state?.phase).toBe('succeeded')
    const policy = definePolicy({ deployment: { checks: ['tests'] } })
    const { deployment } = await world.join({ environment: 'staging', attestations: {}, policy })
    await expect(deployment.start(order)).rejects.toMatchObject({ found: 'nothing for tests' })
  })

  it.each([
    [{ version: 'v 1' }, '/version'],
    [{ changes: [] }, '/changes'],
    [{ ticket: '' }, '/ticket'],
    [
      { rollbackPlan: { testedIn: 'staging', testedAt: Date.UTC(2026, 0, 1), testedBy: 'b' } },
      '/rollbackPlan',
    ],
  ])('of %j is refused when it is created', async (options, pointer) => {
    await expect(world.join(options as never)).rejects.toMatchObject({
      code: 'invalid_deployment',
      pointer,
    })
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
})
