import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attestations, createDeploymentWorld } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

const smokes = ['starts', 'health_endpoint', 'database', 'critical_flows', 'no_error_spike'].map(
  (name) => `smoke ${name}`,
)

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
