import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { definePolicy } from '../policy/define-policy.ts'
import {
  attestations,
  createDeploymentWorld,
  order,
  rollbackPlan,
} from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

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
