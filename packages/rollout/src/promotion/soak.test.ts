import { createReplica } from '@sluice/stores'
import { describe, expect, it } from 'vitest'
import { createRolloutController } from '../controller/controller.ts'
import { definePolicy } from '../policy/define-policy.ts'
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

describe('a healthy soak (P9)', () => {
  it('is not there before the rollout is completed', async () => {
    const { promotion, soak } = await createPromotionWorld()
    expect(whyNotSoaked(promotion)).toBe('nothing was rolled out in staging')
    await soak(20 * minuteMs)
    expect(whyNotSoaked(promotion)).toBe('the rollout in staging is running, not completed')
  })

  it('is not there where somebody pushed the rollout to its end', async () => {
    const { promotion, soak } = await createPromotionWorld()
    const controller = await soak(10 * minuteMs)
    await controller.promote(ann)
    expect(controller.state?.phase).toBe('completed')
    expect(whyNotSoaked(promotion)).toContain('was watched for')
  })

  it('is gone once somebody has moved the exposure since', async () => {
    const { promotion, soak, replica } = await createPromotionWorld()
    await soak()
    const changes = [{ key: 'exposure/staging/checkout', value: { enabled: true, rollout: 50 } }]
    await replica.commit({ ...ann, action: 'set_rollout', changes })
    expect(whyNotSoaked(promotion)).toContain('was moved since')
  })

  it('is gone once the flag was defined anew since', async () => {
    const { promotion, soak, replica } = await createPromotionWorld()
    await soak()
    expect(missing(promotion)).not.toContain('healthy_soak')
    const changes = [{ key: 'flag/checkout', value: { enabled: true } }]
    await replica.commit({ ...ann, action: 'define', changes })
    expect(whyNotSoaked(promotion)).toContain('defined anew')
  })

  it('takes a plan that watches for as long', async () => {
    const { promotion, soak, replica, clock } = await createPromotionWorld()
    await soak()
    const strict = definePolicy({ promotion: { soakMs: 48 * minuteMs } })
    const other = createPromotion({ replica, flag: 'checkout', policy: strict, clock })
    expect(whyNotSoaked(other)).toContain('soakPlan makes one')
    expect(missing(promotion)).not.toContain('healthy_soak')
  })

  it('does not go by a clock that was set forward, though somebody pushed it to its end then', async () => {
    const { promotion, soak, clock } = await createPromotionWorld()
    let offsetMs = 0
    const jumping = { now: () => clock.now() + offsetMs, after: clock.after }
    const controller = await soak(10 * minuteMs, jumping)
    offsetMs = 24 * 60 * minuteMs
    await clock.advance(minuteMs)
    await controller.promote(ann)
    expect(controller.state).toMatchObject({ phase: 'completed', by: 'ann' })
    expect(whyNotSoaked(promotion)).toMatch(/was watched for 0\.\d+ h of 0\.4 h/)
  })

  it('outlives the process that watched it', async () => {
    const { promotion, soak, clock, store } = await createPromotionWorld()
    const first = await soak(10 * minuteMs)
    await first.stop()
    expect(whyNotSoaked(promotion)).toContain('not completed')
    await clock.advance(60 * minuteMs)
    expect(whyNotSoaked(promotion)).toContain('not completed')
    // Another process takes up what the first has observed, and nothing of the hour in between.
    const replica = createReplica({ store, clock, pollMs: 3_600_000 })
    await replica.start()
    const second = createRolloutController({
      ...{ replica, environment: 'staging', flag: 'checkout', clock },
      judge: scriptedJudge(() => [createVerdict('pass')]),
    })
    second.run()
    await clock.advance(14 * minuteMs)
    expect(second.state?.phase).toBe('running')
    await clock.advance(3 * minuteMs)
    expect(second.state?.phase).toBe('completed')
    expect(missing(promotion)).not.toContain('healthy_soak')
  })

  it('is gone once the exposure was moved, though it was put back: a flag that was off was not watched', async () => {
    const { promotion, soak, replica } = await createPromotionWorld()
    const controller = await soak()
    const key = 'exposure/staging/checkout'
    for (const value of [{ enabled: false }, controller.state?.exposure as never]) {
      await replica.commit({ ...ann, action: 'move', changes: [{ key, value }] })
    }
    expect(whyNotSoaked(promotion)).toContain('was moved since')
  })

  it('is not there where the flag was defined anew while it soaked', async () => {
    const { promotion, soak, replica, clock } = await createPromotionWorld()
    const controller = await soak(23 * minuteMs)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 1 })
    const changes = [{ key: 'flag/checkout', value: { enabled: true } }]
    await replica.commit({ ...ann, action: 'define', changes })
    await clock.advance(3 * minuteMs)
    expect(controller.state?.phase).toBe('completed')
    expect(whyNotSoaked(promotion)).toContain('defined anew')
  })

  it('is not forgiven a rollback in production by a rollout that was given up there since', async () => {
    const { promotion, soak, approve, attestAll, replica, clock, approvals } =
      await createPromotionWorld()
    await soak()
    await approve()
    await attestAll()
    await promotion.promote(step, dev)
    const production = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', clock, approvals, policy },
      judge: scriptedJudge(() => [createVerdict('pass')]),
    })
    production.run()
    await production.rollBack({ actor: 'olga', reason: 'orders are lost' })
    await clock.advance(minuteMs)
    expect(production.state?.phase).toBe('rolled_back')
    await production.start({ ...dev, type: 'major' })
    await production.abort(dev)
    expect(production.state?.phase).toBe('aborted')
    await approve()
    await expect(promotion.promote(step, dev)).rejects.toEqual(
      expect.objectContaining({ code: 'not_ready', found: 'healthy_soak' }),
    )
    expect(whyNotSoaked(promotion)).toContain('was rolled back after it soaked')
    await production.stop()
  })

  it('is not asked for anew by a rollout that was given up before it began', async () => {
    const { promotion, soak, approve, attestAll, replica, clock, approvals } =
      await createPromotionWorld()
    await soak()
    const production = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', clock, approvals, policy },
    })
    await production.start({ ...dev, type: 'major' })
    await production.abort(dev)
    await approve()
    await attestAll()
    expect(await promotion.promote(step, dev)).toMatchObject({ phase: 'running' })
  })
})
