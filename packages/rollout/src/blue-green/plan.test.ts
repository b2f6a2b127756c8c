import { describe, expect, it } from 'vitest'
import { checkPlanFor, parsePlan } from '../plan/plan-schema.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { definePolicy } from '../policy/define-policy.ts'
import { blueGreen } from './plan.ts'

const minuteMs = 60_000

describe('a blue-green plan', () => {
  it('gives the new arm all but the holdback for 10 minutes, and then everything', () => {
    const plan = blueGreen()
    expect(plan).toMatchObject({
      kind: 'blue_green',
      stages: [
        { rolloutPercent: 95, monitorMs: 10 * minuteMs },
        { rolloutPercent: 100, monitorMs: 10 * minuteMs },
      ],
    })
    expect(parsePlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan)
  })

  it('takes its numbers from the policy', () => {
    const blueGreenPolicy = { monitorMs: minuteMs, holdbackPercent: 20 }
    const policy = definePolicy({
      blueGreen: blueGreenPolicy,
      rollback: { ...defaultPolicy.rollback, verificationMs: minuteMs },
    })
    expect(blueGreen({}, policy)).toMatchObject({
      stages: [{ rolloutPercent: 80, monitorMs: minuteMs }, { rolloutPercent: 100 }],
      verifyLimitMs: minuteMs,
    })
  })

  it('has one stage where nothing is held back', () => {
    expect(blueGreen({ holdbackPercent: 0 }).stages).toEqual([
      { rolloutPercent: 100, monitorMs: 10 * minuteMs },
    ])
  })

  it('may be used in production, where a canary of that size may not', () => {
    expect(() => checkPlanFor('production', blueGreen())).not.toThrow()
  })

  it.each([100, -1, Number.NaN])('refuses a holdback of %s percent', (holdbackPercent) => {
    expect(() => blueGreen({ holdbackPercent })).toThrow(
      expect.objectContaining({ code: 'invalid_plan' }),
    )
  })
})
