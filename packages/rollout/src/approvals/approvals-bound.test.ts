import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Approvals } from './approvals-contract.ts'
import { createApprovalsWorld, hourMs, minor, order, yes } from './approvals-world.ts'

let world: Awaited<ReturnType<typeof createApprovalsWorld>>
let approvals: Approvals

beforeEach(async () => {
  world = await createApprovalsWorld()
  approvals = (await world.join()).approvals
})
afterEach(() => world.close())

/** What a rejected promise says. */
function refusal(code: string): unknown {
  return expect.objectContaining({ code })
}

describe('an approval is bound to what was asked (P11)', () => {
  beforeEach(async () => {
    const { id, digest } = await approvals.request(minor, order)
    await approvals.approve(id, { ...yes, digest })
    await world.clock.advance(4 * hourMs)
    expect(approvals.check(minor).status).toBe('approved')
  })

  it('is void for an edit of it, and says what was edited', () => {
    const edited = { ...minor, asked: { stages: [5, 50, 100] } }
    expect(approvals.check(edited)).toMatchObject({
      status: 'voided',
      because: expect.stringContaining('/asked/stages/1: 25 became 50'),
    })
  })

  it('does not hold in another environment, and says so', () => {
    expect(approvals.check({ ...minor, environment: 'eu' })).toMatchObject({
      status: 'missing',
      because: expect.stringContaining('is for production and holds there only'),
    })
  })

  it('is no approval of something nobody asked for', () => {
    expect(approvals.check({ ...minor, target: 'basket' })).toMatchObject({ status: 'missing' })
  })

  it('is void once it was edited, and the edit has its own notice', async () => {
    const [{ approval } = expect.fail('none')] = approvals.list()
    const edited = { ...minor, asked: { stages: [1, 100] } }
    await expect(approvals.edit(approval.id, edited, yes)).rejects.toEqual(
      refusal('not_the_requester'),
    )
    await expect(approvals.edit(approval.id, minor, order)).rejects.toEqual(
      refusal('nothing_edited'),
    )
    const next = await approvals.edit(approval.id, edited, { ...order, reason: 'slower' })
    expect(next.replaces).toBe(approval.id)
    expect(approvals.check(minor)).toMatchObject({ status: 'voided', id: approval.id })
    await approvals.approve(next.id, { ...yes, digest: next.digest })
    expect(approvals.check(edited)).toMatchObject({
      status: 'pending',
      readyAt: world.clock.now() + 4 * hourMs,
    })
  })

  it('expires', async () => {
    await world.clock.advance(defaultPolicy.approvals.expiresAfterMs - 4 * hourMs)
    expect(approvals.check(minor).status).toBe('expired')
    const [{ approval } = expect.fail('none')] = approvals.list()
    await expect(
      approvals.approve(approval.id, {
        actor: 'both@example.com',
        reason: 'late',
        digest: approval.digest,
      }),
    ).rejects.toEqual(refusal('approval_expired'))
    // Asked anew it is another request.
    const again = await approvals.request(minor, order)
    expect(again.id).not.toBe(approval.id)
    expect(approvals.check(minor)).toMatchObject({ status: 'pending', id: again.id })
  })

  it('is used up by the commit that does what was approved, and not twice', async () => {
    const { replica } = await world.join()
    const other = await world.join()
    const check = approvals.check(minor)
    const twin = other.approvals.check(minor)
    if (check.status !== 'approved' || twin.status !== 'approved') expect.fail('not approved')
    const consume = (log: typeof replica, { changes, dependsOn }: typeof check.change) =>
      log.commit(
        { ...order, action: 'start_rollout', changes },
        { dependsOn, basedOn: log.head.revision },
      )
    const outcomes = await Promise.allSettled([
      consume(replica, check.change),
      consume(other.replica, twin.change),
    ])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(other.approvals.check(minor)).toEqual({
      status: 'used',
      id: check.id,
      because: `${check.id} was used already: ask anew`,
    })
    const [{ approval } = expect.fail('none')] = other.approvals.list()
    await expect(
      other.approvals.approve(approval.id, { ...yes, digest: approval.digest }),
    ).rejects.toEqual(refusal('approval_used'))
  })
})
