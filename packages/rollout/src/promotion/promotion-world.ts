import { type Clock, createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { createApprovals } from '../approvals/create-approvals.ts'
import { createRolloutController } from '../controller/controller.ts'
import { definePolicy } from '../policy/define-policy.ts'
import { createVerdict, scriptedJudge } from '../testing.ts'
import { createPromotion } from './create-promotion.ts'
import type { Promotion, PromotionOptions } from './promotion-contract.ts'
import type { PromotionCheck } from './run-checks.ts'
import { soakPlan } from './soak-plan.ts'

export const minuteMs = 60_000
/** The policy with hours as minutes: a day of looks would make a long test. */
export const policy = definePolicy({
  canary: { monitorMs: minuteMs },
  promotion: { soakMs: 24 * minuteMs },
})
export const dev = { actor: 'dev', reason: 'the new checkout', ticket: 'OPS-7' }
export const ann = { actor: 'ann', reason: 'looks right' }
export const step = { from: 'staging', to: 'production' }

export async function createPromotionWorld(options: Partial<PromotionOptions> = {}) {
  const clock = createManualClock()
  const store = createMemoryStore()
  const replica = createReplica({ store, clock, pollMs: 3_600_000 })
  await replica.start()
  const directory = { ann: ['team_lead'], olga: ['on_call'] }
  const approvals = createApprovals({ replica, directory, clock, policy })
  const smoke = { runs: 0, answer: true as unknown }
  const check: PromotionCheck = () => {
    smoke.runs += 1
    return smoke.answer as boolean
  }
  const checks = Object.fromEntries(policy.smokeTests.map((name) => [name, check]))
  const promotion = createPromotion({
    ...{ replica, flag: 'checkout', policy, approvals, clock, checks },
    ...options,
  })

  /** Rolls the flag out in staging, watched by a judge that is content. */
  async function soak(durationMs = 26 * minuteMs, its: Clock = clock) {
    const controller = createRolloutController({
      ...{ replica, environment: 'staging', flag: 'checkout', clock: its, plan: soakPlan(policy) },
      judge: scriptedJudge(() => [createVerdict('pass')]),
    })
    await controller.start(dev)
    controller.run()
    await clock.advance(durationMs)
    return controller
  }

  async function approve(): Promise<void> {
    const { id, digest } = await approvals.request(promotion.subjectOf('production'), dev)
    await approvals.approve(id, { ...ann, digest })
    await clock.advance(4 * 60 * minuteMs)
  }

  async function attestAll(): Promise<void> {
    for (const name of ['rollback_plan', 'runbook']) {
      await promotion.attest('production', name, { ...ann, evidence: `https://wiki/${name}` })
    }
  }

  return { clock, store, replica, approvals, promotion, smoke, soak, approve, attestAll }
}

/** What production misses. */
export function missing(promotion: Promotion): string[] {
  const production = promotion.status().find(({ environment }) => environment === 'production')
  if (production === undefined) throw new Error('no production')
  return production.requirements.filter(({ isMet }) => !isMet).map(({ name }) => name)
}

/** Why the soak is not met; what is met has no reason. */
export function whyNotSoaked(promotion: Promotion): string {
  const production = promotion.status().at(-1)
  const soaked = production?.requirements.find(({ name }) => name === 'healthy_soak')
  if (soaked === undefined || soaked.isMet) throw new Error('it is met')
  return soaked.because
}
