import { describe, expect, it } from 'vitest'
import { ann, createPromotionWorld, dev, missing, policy, step } from './promotion-world.ts'
import type { PromotionCheck } from './run-checks.ts'

describe('what people attest, and what runs', () => {
  it('wants a link for the rollback plan and the runbook, and a known name', async () => {
    const { promotion } = await createPromotionWorld()
    await expect(promotion.attest('production', 'runbook', ann)).rejects.toEqual(
      expect.objectContaining({ code: 'invalid_order', pointer: '/evidence' }),
    )
    await expect(promotion.attest('production', 'horoscope', ann)).rejects.toEqual(
      expect.objectContaining({ code: 'unknown_attestation' }),
    )
  })

  it('takes a smoke test by a person where it is no function', async () => {
    const { promotion } = await createPromotionWorld({ checks: { starts: 'attested' } })
    expect(missing(promotion)).toContain('smoke_tests')
    for (const name of policy.smokeTests) await promotion.attest('production', name, ann)
    expect(missing(promotion)).not.toContain('smoke_tests')
  })

  it('asks for everything anew where the change in staging is another', async () => {
    const { promotion, soak, attestAll } = await createPromotionWorld()
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
    const checks = Object.fromEntries(
      policy.smokeTests.map((name) => [name, check as PromotionCheck]),
    )
    const { promotion, clock, soak, approve, attestAll } = await createPromotionWorld({ checks })
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
