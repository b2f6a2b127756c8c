import { createReplica } from '@sluice/stores'
import { describe, expect, it } from 'vitest'
import { createRolloutController } from '../controller/controller.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { createVerdict, scriptedJudge } from '../testing.ts'
import { createPromotion } from './create-promotion.ts'
import {
  ann,
  createPromotionWorld,
  dev,
  minuteMs,
  missing,
  policy,
  step,
  whyNotSoaked,
} from './promotion-world.ts'
import { soakPlan } from './soak-plan.ts'

describe('promotion to production (P9)', () => {
  it('is refused with the whole list of what is missing, and started once all of it is met', async () => {
    const { promotion, soak, approve, attestAll, smoke } = await createPromotionWorld()
    await expect(promotion.promote(step, dev)).rejects.toEqual(
      expect.objectContaining({
        code: 'not_ready',
        found: 'healthy_soak, approval, rollback_plan, runbook',
      }),
    )
    await soak()
    await approve()
    expect(missing(promotion)).toEqual(['rollback_plan', 'runbook'])
    await attestAll()
    expect(missing(promotion)).toEqual([])
    smoke.answer = { isPassed: false, because: 'login answers 500' }
    await expect(promotion.promote(step, dev)).rejects.toEqual(
      expect.objectContaining({
        code: 'not_ready',
        found: 'smoke_tests',
        message: expect.stringContaining('critical_flows: login answers 500'),
      }),
    )
    smoke.answer = true
    const state = await promotion.promote(step, dev)
    expect(state).toMatchObject({ phase: 'running', environment: 'production', ticket: 'OPS-7' })
    expect(promotion.status().map(({ environment, phase }) => `${environment}: ${phase}`)).toEqual([
      'development: none',
      'staging: completed',
      'production: running',
    ])
  })

  it('names the requirement of the policy that each serves', async () => {
    const { promotion } = await createPromotionWorld()
    const { requirements } = promotion.status().at(-1) ?? expect.fail('no environment')
    expect(requirements.map(({ name }) => name)).toEqual(defaultPolicy.promotion.requires)
    for (const { reference } of requirements) expect(reference).toMatch(/^P9(, P\d+)*$/)
  })

  it('is one rollout where the button is pressed twice, also at once and in two processes', async () => {
    const { promotion, soak, approve, attestAll, store, clock, approvals, smoke } =
      await createPromotionWorld()
    await soak()
    await approve()
    await attestAll()
    const replica = createReplica({ store, clock })
    await replica.refresh()
    const checks = Object.fromEntries(policy.smokeTests.map((name) => [name, () => true]))
    const other = createPromotion({ replica, flag: 'checkout', policy, approvals, clock, checks })
    const states = await Promise.all([
      promotion.promote(step, dev),
      promotion.promote(step, dev),
      other.promote(step, dev),
    ])
    const { runs } = smoke
    states.push(await promotion.promote(step, dev))
    // What has started needs no check.
    expect(smoke.runs).toBe(runs)
    expect(new Set(states.map(({ id }) => id)).size).toBe(1)
    const log = await store.read(0)
    expect(log.filter(({ action }) => action === 'start_rollout')).toHaveLength(2)
  })

  it('uses the approval up: after a rollback it is asked for anew, as is the soak', async () => {
    const { promotion, soak, approve, attestAll, replica, clock } = await createPromotionWorld()
    await soak()
    await approve()
    await attestAll()
    await promotion.promote(step, dev)
    const production = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', clock },
      judge: scriptedJudge(() => [createVerdict('pass')]),
    })
    production.run()
    await production.rollBack({ actor: 'olga', reason: 'orders are lost' })
    await clock.advance(minuteMs)
    expect(production.state?.phase).toBe('rolled_back')
    expect(missing(promotion)).toEqual(['healthy_soak', 'approval'])
    expect(whyNotSoaked(promotion)).toContain('was rolled back after it soaked')
    await production.stop()
  })
})

describe('the order of the environments (P7, P8)', () => {
  it.each([
    ['development', 'production'],
    ['production', 'staging'],
    ['staging', 'development'],
    ['staging', 'staging'],
  ])('does not let a change go from %s to %s', async (from, to) => {
    const { promotion, store } = await createPromotionWorld()
    await expect(promotion.promote({ from, to }, dev)).rejects.toEqual(
      expect.objectContaining({ code: 'out_of_order', found: `${from} → ${to}` }),
    )
    expect(await store.read(0)).toEqual([])
  })

  it('takes its names from the policy, and refuses others', async () => {
    const { promotion } = await createPromotionWorld()
    for (const act of [
      () => promotion.promote({ from: 'staging', to: 'mars' }, dev),
      async () => promotion.subjectOf('mars'),
      () => promotion.attest('mars', 'runbook', { ...ann, evidence: 'here' }),
      async () => createPromotionWorld({ environments: { mars: {} } }),
    ]) {
      await expect(act()).rejects.toEqual(
        expect.objectContaining({ code: 'unknown_environment', found: 'mars' }),
      )
    }
  })

  it('starts staging with a plan that ends with the soak, and asks for nothing there', async () => {
    const { promotion } = await createPromotionWorld()
    const state = await promotion.promote({ from: 'development', to: 'staging' }, dev)
    expect(state.plan.stages.at(-1)).toEqual({ rolloutPercent: 100, monitorMs: 24 * minuteMs })
    expect(soakPlan().stages.at(-1)?.monitorMs).toBe(24 * 3_600_000)
  })
})
