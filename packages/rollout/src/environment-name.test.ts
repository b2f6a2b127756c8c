import { describe, expect, it } from 'vitest'
import { isAmong } from './environment-name.ts'

describe('whether a policy means an environment', () => {
  it.each([
    [['production'], 'prod'],
    [['prod'], 'production'],
    [['production'], 'Production'],
    [['production'], ' PROD '],
    [['Dev'], 'development'],
  ])('takes %j for %j', (environments, environment) => {
    expect(isAmong(environments, environment)).toBe(true)
  })

  it.each([
    [['production'], 'staging'],
    [['production'], 'production-eu'],
    [['production'], 'constructor'],
    [[], 'production'],
  ])('does not take %j for %j', (environments, environment) => {
    expect(isAmong(environments, environment)).toBe(false)
  })
})
