import type { Exposure } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canary } from '../plan/plan.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { needsApproval } from './needs-approval.ts'

const percent = fc.integer({ min: 0, max: 100 })
const split = percent.map((off) => ({
  off,
  a: Math.floor((100 - off) / 2),
  b: Math.ceil((100 - off) / 2),
}))
const whole = fc.record({ enabled: fc.boolean(), rollout: percent, split })
const partial: fc.Arbitrary<Exposure> = fc.record(
  { enabled: fc.boolean(), rollout: percent, split },
  { requiredKeys: [] },
)

/** Percent of subjects who get a variant, of a flag with this definition. */
function shareOf(variant: 'a' | 'b', exposure: Exposure, definition: Required<Exposure>): number {
  const { enabled, rollout, split: shares } = { ...definition, ...exposure }
  return enabled ? (rollout * (shares[variant] ?? 0)) / 100 : 0
}

function needs(before: Exposure, after: Exposure, environment = 'production'): boolean {
  return needsApproval({ environment, before, after }, defaultPolicy)
}

describe('whether a change needs an approval (P12)', () => {
  it('never lets more subjects have something new without one, whatever the definition says', () => {
    fc.assert(
      fc.property(partial, partial, whole, (before, after, definition) => {
        if (needs(before, after)) return
        for (const variant of ['a', 'b'] as const) {
          expect(shareOf(variant, after, definition)).toBeLessThanOrEqual(
            shareOf(variant, before, definition),
          )
        }
      }),
      { numRuns: 5_000 },
    )
  })

  it('never asks for one where everything goes down, or stays', () => {
    fc.assert(
      fc.property(whole, fc.tuple(percent, percent, percent), fc.boolean(), (before, less, off) => {
        const [rollout, a, b] = less
        const { split: shares } = before
        const lower = { a: Math.min(a, shares.a), b: Math.min(b, shares.b) }
        const after = {
          enabled: before.enabled && off,
          rollout: Math.min(rollout, before.rollout),
          split: { ...lower, off: 100 - lower.a - lower.b },
        }
        expect(needs(before, after)).toBe(false)
      }),
    )
  })

  it('never asks for one to switch off', () => {
    fc.assert(
      fc.property(partial, partial, (before, after) => {
        fc.pre(before.enabled !== false)
        expect(needs(before, { ...after, enabled: false })).toBe(false)
      }),
    )
  })

  it('never asks for one where the policy requires none', () => {
    fc.assert(
      fc.property(partial, partial, (before, after) => {
        expect(needs(before, after, 'staging')).toBe(false)
      }),
    )
  })

  it.each([
    ['a higher percentage', { before: 5, after: 25 }, true],
    ['a lower percentage', { before: 25, after: 5 }, false],
    ['the same percentage', { before: 25, after: 25 }, false],
    ['what is no number', { before: 25, after: Number.NaN }, true],
    [
      'switching on',
      { before: { enabled: false, rollout: 5 }, after: { enabled: true, rollout: 5 } },
      true,
    ],
    [
      'a percentage of a flag that is off',
      { before: { enabled: false, rollout: 5 }, after: { enabled: false, rollout: 50 } },
      false,
    ],
    [
      'a split of a flag that is off, which a rollout would keep',
      { before: { enabled: false }, after: { enabled: false, split: { off: 0, on: 100 } } },
      true,
    ],
    [
      'a first split, of which no variant is known to be what was before',
      { before: {}, after: { split: { green: 100 } } },
      true,
    ],
    ['a percentage above one that is none', { before: { rollout: 500 }, after: 100 }, true],
    ['a first exposure', { before: undefined, after: { rollout: 5 } }, true],
    ['taking away an exposure that held it down', { before: { rollout: 5 }, after: {} }, true],
    ['a plan', { before: 100, after: canary() }, true],
    [
      'more of a variant that is not the first',
      { before: { split: { blue: 90, green: 10 } }, after: { split: { blue: 50, green: 50 } } },
      true,
    ],
    [
      'more of the first variant',
      { before: { split: { blue: 50, green: 50 } }, after: { split: { blue: 90, green: 10 } } },
      false,
    ],
    [
      'a new variant',
      { before: { split: { blue: 100 } }, after: { split: { blue: 99, red: 1 } } },
      true,
    ],
  ])('says of %s', (_, change, expected) => {
    expect(needsApproval({ environment: 'production', ...change }, defaultPolicy)).toBe(expected)
  })

  it('is not slipped past by a short name', () => {
    expect(needs({ rollout: 5 }, { rollout: 25 }, 'prod')).toBe(true)
  })
})
