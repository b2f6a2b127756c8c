import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineFlags, openFlags, resolveEnvironment } from './index.ts'

afterEach(() => void vi.unstubAllEnvs())

describe('resolveEnvironment', () => {
  const both = { SLUICE_ENVIRONMENT: 'staging', NODE_ENV: 'test' }

  it.each([
    ['eu', both, 'eu'],
    [undefined, both, 'staging'],
    ['', both, 'staging'],
    [undefined, { NODE_ENV: 'production' }, 'production'],
    [undefined, { SLUICE_ENVIRONMENT: '', NODE_ENV: 'production' }, 'production'],
    [undefined, { SLUICE_ENVIRONMENT: ' ', NODE_ENV: '' }, 'development'],
    [undefined, {}, 'development'],
    ['prod', {}, 'production'],
    [undefined, { NODE_ENV: 'dev' }, 'development'],
    [undefined, { SLUICE_ENVIRONMENT: 'prod\r' }, 'production'],
    ['constructor', {}, 'constructor'],
  ])('takes %j with %j for %j', (name, variables, environment) => {
    expect(resolveEnvironment(name, variables)).toBe(environment)
  })

  it('reads the variables of the process, when it is asked', () => {
    for (const name of ['staging', 'eu']) {
      vi.stubEnv('SLUICE_ENVIRONMENT', name)
      expect(resolveEnvironment(undefined)).toBe(name)
    }
  })
})

describe('the environment of this process', () => {
  const definitions = { a: { enabled: true, rollout: 100, environments: ['staging'] } }

  it('is that of defined flags, unless they are given another', () => {
    vi.stubEnv('SLUICE_ENVIRONMENT', 'staging')
    expect(defineFlags(definitions).isEnabled('a', 'ada')).toBe(true)
    expect(defineFlags(definitions, { environment: 'prod' }).isEnabled('a', 'ada')).toBe(false)
  })

  it('is that of opened flags, unless they are given another', async () => {
    vi.stubEnv('SLUICE_ENVIRONMENT', 'staging')
    const flags = openFlags({ definitions })
    const other = openFlags({ definitions, environment: 'dev' })
    expect([flags.environment, other.environment]).toEqual(['staging', 'development'])
    expect([flags.isEnabled('a', 'ada'), other.isEnabled('a', 'ada')]).toEqual([true, false])
    await flags.close()
    await other.close()
  })

  it('is refused by opened flags where it cannot be one', () => {
    vi.stubEnv('SLUICE_ENVIRONMENT', 'eu/production')
    expect(() => openFlags({ definitions })).toThrowError(
      expect.objectContaining({ code: 'invalid_environment' }),
    )
  })
})
