import { defineFlags } from '@sluice/sdk'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

// The policy's own example, with `defineFlags` around the object and nothing else changed.
// biome-ignore format: to the letter
function showProfile(user: object): 'new' | 'old' {
// Feature flag configuration
const featureFlags = defineFlags({
  newUserProfile: {
    enabled: true,
    rollout: 25, // 25% of users
    environments: ['staging', 'production']
  }
});

// Usage in code
if (featureFlags.isEnabled('newUserProfile', user)) {
  // Show new profile
  return 'new'
} else {
  // Show old profile
  return 'old'
}
}

const users = Array.from({ length: 4_000 }, (_, index) => ({ id: `user-${index}`, name: 'Ada' }))

describe("the policy's example", () => {
  beforeEach(() => void vi.stubEnv('SLUICE_ENVIRONMENT', undefined))
  afterEach(() => void vi.unstubAllEnvs())

  it.each(['staging', 'production', 'prod'])('shows the new profile to 25 %% in %s', (name) => {
    vi.stubEnv('NODE_ENV', name)
    const shown = users.filter((user) => showProfile(user) === 'new')
    // Four standard deviations of a share of 25 % among 4,000.
    expect(Math.abs(shown.length - 1_000)).toBeLessThan(4 * Math.sqrt(4_000 * 0.25 * 0.75))
    expect(users.filter((user) => showProfile(user) === 'new')).toEqual(shown)
  })

  it.each(['development', 'test', undefined])('shows it to nobody in %s', (name) => {
    vi.stubEnv('NODE_ENV', name)
    expect(users.filter((user) => showProfile(user) === 'new')).toEqual([])
  })

  it('shows it to the same users in another process with other flags', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const other = defineFlags({
      newCheckout: { enabled: true, rollout: 75, environments: ['production'] },
      newUserProfile: { enabled: true, rollout: 50, environments: ['production'] },
    })
    // Going from 25 to 50 % only adds users.
    for (const user of users) {
      if (showProfile(user) === 'new') expect(other.isEnabled('newUserProfile', user)).toBe(true)
    }
  })

  it('stays readable data, and does not compile with a misspelt key', () => {
    const featureFlags = defineFlags({
      newUserProfile: { enabled: true, rollout: 25, environments: ['staging', 'production'] },
    })
    expect(featureFlags.newUserProfile.rollout).toBe(25)
    expect(Object.keys(featureFlags)).toEqual(['newUserProfile'])
    // @ts-expect-error there is no such flag
    expect(featureFlags.isEnabled('newUserProfil', users[0])).toBe(false)
    // @ts-expect-error there is no such property
    expect(() => defineFlags({ a: { rolout: 25 } })).toThrowError(/did you mean "rollout"/)
  })
})
