import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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

describe('an environment that has a short name', () => {
  it.each([
    ['prod', 'production'],
    ['Production', 'prod'],
  ])('called %s and then %s is deployed to once', async (first, second) => {
    world.approve()
    await world.deploy({ environment: first })
    const calls = [...world.calls]
    const { deployment } = await world.deploy({ environment: second })
    expect(deployment.key).toBe('deployment/production/v1.2.3')
    expect(deployment.state?.phase).toBe('succeeded')
    expect(world.calls).toEqual(calls)
  })

  it('is approved under either name', async () => {
    const { deployment } = await world.join({ environment: 'prod' })
    const other = await world.join()
    expect(deployment.subject).toEqual(other.deployment.subject)
  })

  it('is told to the hooks as it was typed', async () => {
    world.approve()
    let told = ''
    const run = ({ environment }: { environment: string }) => {
      told = environment
    }
    await world.deploy({ environment: 'prod', hooks: { ...world.hooks, deploy: { run } } })
    expect(told).toBe('prod')
  })

  it('shows the rehearsal of a migration under either name', async () => {
    const { migration_tested: _, ...rest } = attestations
    await world.deploy({ environment: 'Staging', attestations: rest })
    const { deployment } = await world.join({ attestations: rest })
    await expect(deployment.start(order)).resolves.toMatchObject({ phase: 'running' })
  })
})

describe('an instant in seconds', () => {
  const seconds = Date.UTC(2025, 11, 31) / 1_000
  const hotfix = { fixStartedAt: seconds, fixedAt: seconds, testedAt: seconds }
  it.each([
    [{ commitAt: seconds }, '/commitAt'],
    [{ rollbackPlan: { ...rollbackPlan, testedAt: seconds } }, '/rollbackPlan/testedAt'],
    [{ attestations: { tests: { by: 'ci', at: seconds, link: 'l' } } }, '/attestations/tests/at'],
    [{ hotfix }, '/hotfix/fixStartedAt'],
  ])('is refused, and is said to be one: %#', async (options, pointer) => {
    await expect(world.join(options)).rejects.toMatchObject({
      ...{ code: 'invalid_deployment', pointer, found: String(seconds) },
      message: expect.stringContaining('seconds, such as those of git, times 1,000'),
    })
  })
})
