import { type Clock, createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { createApprovals } from '../approvals/create-approvals.ts'
import { createRolloutController } from '../controller.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { definePolicy } from '../policy/define-policy.ts'
import { createVerdict, scriptedJudge } from '../testing.ts'
import { createPromotion } from './create-promotion.ts'
import type { Promotion, PromotionOptions } from './promotion-contract.ts'
import type { RunCheck } from './run-checks.ts'
import { soakPlan } from './soak-plan.ts'

const minuteMs = 60_000
/** The policy with hours as minutes: a day of looks would make a long test. */
const policy = definePolicy({
  canary: { monitorMs: minuteMs },
  promotion: { soakMs: 24 * minuteMs },
})
const dev = { actor: 'dev', reason: 'the new checkout', ticket: 'OPS-7' }
const ann = { actor: 'ann', reason: 'looks right' }
const step = { from: 'staging', to: 'production' }

async function createWorld(options: Partial<PromotionOptions> = {}) {
  const clock = createManualClock()
  const store = createMemoryStore()
  const replica = createReplica({ store, clock, pollMs: 3_600_000 })
  await replica.start()
  const directory = { ann: ['team_lead'], olga: ['on_call'] }
  const approvals = createApprovals({ replica, directory, clock, policy })
  const smoke = { runs: 0, answer: true as unknown }
  const check: RunCheck = () => {
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
function missing(promotion: Promotion): string[] {
  const production = promotion.status().find(({ environment }) => environment === 'production')
  const names = production?.requirements.filter(({ isMet }) => !isMet).map(({ name }) => name)
  return names ?? expect.fail('no production')
}

function whyNotSoaked(promotion: Promotion): string {
  const soaked = promotion
    .status()
    .at(-1)
    ?.requirements.find(({ name }) => name === 'healthy_soak')
  if (soaked === undefined || soaked.isMet) return expect.fail('it is met')
  return soaked.because
}

describe('promotion to production (P9)', () => {
  it('is refused with the whole list of what is missing, and started once all of it is met', async () => {
    const { promotion, soak, approve, attestAll, smoke } = await createWorld()
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
    const { promotion } = await createWorld()
    const { requirements } = promotion.status().at(-1) ?? expect.fail('no environment')
    expect(requirements.map(({ name }) => name)).toEqual(defaultPolicy.promotion.requires)
    for (const { reference } of requirements) expect(reference).toMatch(/^P9(, P\d+)*$/)
  })

  it('is one rollout where the button is pressed twice, also at once and in two processes', async () => {
    const { promotion, soak, approve, attestAll, store, clock, approvals, smoke } =
      await createWorld()
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
    const { promotion, soak, approve, attestAll, replica, clock } = await createWorld()
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
    const { promotion, store } = await createWorld()
    await expect(promotion.promote({ from, to }, dev)).rejects.toEqual(
      expect.objectContaining({ code: 'out_of_order', found: `${from} → ${to}` }),
    )
    expect(await store.read(0)).toEqual([])
  })

  it('takes its names from the policy, and refuses others', async () => {
    const { promotion } = await createWorld()
    for (const act of [
      () => promotion.promote({ from: 'staging', to: 'mars' }, dev),
      async () => promotion.subjectOf('mars'),
      () => promotion.attest('mars', 'runbook', { ...ann, evidence: 'here' }),
      async () => createWorld({ environments: { mars: {} } }),
    ]) {
      await expect(act()).rejects.toEqual(
        expect.objectContaining({ code: 'unknown_environment', found: 'mars' }),
      )
    }
  })

  it('starts staging with a plan that ends with the soak, and asks for nothing there', async () => {
    const { promotion } = await createWorld()
    const state = await promotion.promote({ from: 'development', to: 'staging' }, dev)
    expect(state.plan.stages.at(-1)).toEqual({ rolloutPercent: 100, monitorMs: 24 * minuteMs })
    expect(soakPlan().stages.at(-1)?.monitorMs).toBe(24 * 3_600_000)
  })
})

describe('a healthy soak (P9)', () => {
  it('is not there before the rollout is completed', async () => {
    const { promotion, soak } = await createWorld()
    expect(whyNotSoaked(promotion)).toBe('nothing was rolled out in staging')
    await soak(20 * minuteMs)
    expect(whyNotSoaked(promotion)).toBe('the rollout in staging is running, not completed')
  })

  it('is not there where somebody pushed the rollout to its end', async () => {
    const { promotion, soak } = await createWorld()
    const controller = await soak(10 * minuteMs)
    await controller.promote(ann)
    expect(controller.state?.phase).toBe('completed')
    expect(whyNotSoaked(promotion)).toContain('was watched for')
  })

  it('is gone once somebody has moved the exposure since', async () => {
    const { promotion, soak, replica } = await createWorld()
    await soak()
    const changes = [{ key: 'exposure/staging/checkout', value: { enabled: true, rollout: 50 } }]
    await replica.commit({ ...ann, action: 'set_rollout', changes })
    expect(whyNotSoaked(promotion)).toContain('was moved since')
  })

  it('is gone once the flag was defined anew since', async () => {
    const { promotion, soak, replica } = await createWorld()
    await soak()
    expect(missing(promotion)).not.toContain('healthy_soak')
    const changes = [{ key: 'flag/checkout', value: { enabled: true } }]
    await replica.commit({ ...ann, action: 'define', changes })
    expect(whyNotSoaked(promotion)).toContain('defined anew')
  })

  it('takes a plan that watches for as long', async () => {
    const { promotion, soak, replica, clock } = await createWorld()
    await soak()
    const strict = definePolicy({ promotion: { soakMs: 48 * minuteMs } })
    const other = createPromotion({ replica, flag: 'checkout', policy: strict, clock })
    expect(whyNotSoaked(other)).toContain('soakPlan makes one')
    expect(missing(promotion)).not.toContain('healthy_soak')
  })

  it('does not go by a clock that was set forward, though somebody pushed it to its end then', async () => {
    const { promotion, soak, clock } = await createWorld()
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
    const { promotion, soak, clock, store } = await createWorld()
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
})

describe('what people attest, and what runs', () => {
  it('wants a link for the rollback plan and the runbook, and a known name', async () => {
    const { promotion } = await createWorld()
    await expect(promotion.attest('production', 'runbook', ann)).rejects.toEqual(
      expect.objectContaining({ code: 'invalid_order', pointer: '/evidence' }),
    )
    await expect(promotion.attest('production', 'horoscope', ann)).rejects.toEqual(
      expect.objectContaining({ code: 'unknown_attestation' }),
    )
  })

  it('takes a smoke test by a person where it is no function', async () => {
    const { promotion } = await createWorld({ checks: { starts: 'attested' } })
    expect(missing(promotion)).toContain('smoke_tests')
    for (const name of policy.smokeTests) await promotion.attest('production', name, ann)
    expect(missing(promotion)).not.toContain('smoke_tests')
  })

  it('asks for everything anew where the change in staging is another', async () => {
    const { promotion, soak, attestAll } = await createWorld()
    const controller = await soak()
    await attestAll()
    expect(missing(promotion)).toEqual(['smoke_tests', 'approval'])
    await controller.start(dev)
    expect(missing(promotion)).toContain('rollback_plan')
  })

  it.each([
    ['throws', () => Promise.reject(new Error('no route'))],
    ['hangs', () => new Promise(() => {})],
    ['answers nonsense', () => 'yes'],
  ])('does not pass by a check that %s', async (_, check) => {
    const checks = Object.fromEntries(policy.smokeTests.map((name) => [name, check as RunCheck]))
    const { promotion, clock, soak, approve, attestAll } = await createWorld({ checks })
    await soak()
    await approve()
    await attestAll()
    const promoted = promotion.promote(step, dev)
    const refused = expect(promoted).rejects.toEqual(
      expect.objectContaining({ code: 'not_ready', found: 'smoke_tests' }),
    )
    await clock.advance(policy.rolling.healthTimeoutMs)
    await refused
  })
})
