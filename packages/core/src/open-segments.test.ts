import { describe, expect, it } from 'vitest'
import { createFlagSet } from './node.ts'

const staff = { any: [{ segment: 'engineers' }, { attribute: 'team', is: 'shop' }] }
const engineers = { not: { attribute: 'role', is: 'guest' } }
const flags = createFlagSet(
  {
    beta: {
      enabled: true,
      environments: ['test'],
      rules: [{ if: { all: [{ segment: 'staff' }] } }],
    },
    plain: { enabled: true, environments: ['test'], rollout: 100 },
  },
  { environment: 'test', segments: { staff, engineers, others: { attribute: 'a', exists: true } } },
)

describe('explain', () => {
  it('opens the segments that rules name, and those that these name', () => {
    expect(flags.explain('beta', 'ada').segments).toEqual({ staff, engineers })
  })

  it('opens none where no rule names one', () => {
    expect(flags.explain('plain', 'ada')).not.toHaveProperty('segments')
  })

  it('says where to name an environment that is not listed', () => {
    const elsewhere = createFlagSet({ beta: { enabled: true } }, { environment: 'test' })
    expect(elsewhere.explain('beta', 'ada').steps).toEqual([
      {
        step: 'enabled',
        passed: false,
        detail: 'the environment "test" is not among the flag\'s environments: name it there',
      },
    ])
  })
})
