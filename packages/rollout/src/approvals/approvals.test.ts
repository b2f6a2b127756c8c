import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { definePolicy } from '../policy/define-policy.ts'
import type { Approvals } from './approvals-contract.ts'
import { createApprovalsWorld, hourMs, minor, order, yes } from './approvals-world.ts'
import { digestOf } from './subject.ts'

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

describe('who approves what (P10)', () => {
  it('takes one on-call engineer for a hotfix, at once', async () => {
    const subject = { ...minor, type: 'hotfix' }
    const { id, digest } = await approvals.request(subject, order)
    expect(approvals.check(subject)).toMatchObject({ status: 'pending', wants: ['on_call'] })
    await approvals.approve(id, { actor: 'olga@example.com', reason: 'go', digest })
    expect(approvals.check(subject)).toMatchObject({ status: 'approved', id })
  })

  it('takes a team lead and four hours for a minor change', async () => {
    const { id, digest, askedAt } = await approvals.request(minor, order)
    await approvals.approve(id, { ...yes, digest })
    const readyAt = askedAt + 4 * hourMs
    expect(approvals.check(minor)).toMatchObject({ status: 'pending', wants: [], readyAt })
    await world.clock.advance(4 * hourMs - 1)
    expect(approvals.check(minor).status).toBe('pending')
    await world.clock.advance(1)
    expect(approvals.check(minor).status).toBe('approved')
  })

  it('counts the notice from the request, not from the answers', async () => {
    const { id, digest } = await approvals.request(minor, order)
    await world.clock.advance(4 * hourMs)
    expect(approvals.check(minor)).toMatchObject({ status: 'pending', wants: ['team_lead'] })
    await approvals.approve(id, { ...yes, digest })
    expect(approvals.check(minor).status).toBe('approved')
  })

  it('takes two people for the two roles of a major change, and a day', async () => {
    const subject = { ...minor, type: 'major' }
    const { id, digest } = await approvals.request(subject, order)
    await approvals.approve(id, { actor: 'both@example.com', reason: 'as lead', digest })
    await world.clock.advance(24 * hourMs)
    expect(approvals.check(subject)).toMatchObject({ status: 'pending', wants: ['architect'] })
    // The first leaves the lead's role to the second: in any order two suffice who can fill both.
    await approvals.approve(id, { ...yes, digest })
    expect(approvals.check(subject).status).toBe('approved')
  })

  it('takes everyone but the one who asks, and two days, for a breaking change', async () => {
    const subject = { ...minor, type: 'breaking' }
    const { id, digest } = await approvals.request(subject, order)
    const others = ['ann', 'arno', 'both', 'olga'].map((name) => `${name}@example.com`)
    await world.clock.advance(48 * hourMs)
    for (const [index, actor] of others.entries()) {
      expect(approvals.check(subject)).toMatchObject({ wants: others.slice(index) })
      await approvals.approve(id, { actor, reason: 'agreed', digest })
    }
    expect(approvals.check(subject).status).toBe('approved')
  })

  it('is rejected by one who is against, though others, or the same person, were for it', async () => {
    const { id, digest } = await approvals.request(minor, order)
    await approvals.approve(id, { ...yes, digest })
    await approvals.reject(id, { ...yes, reason: 'I overlooked the migration' })
    await world.clock.advance(4 * hourMs)
    expect(approvals.check(minor)).toMatchObject({
      status: 'rejected',
      because: `${id} was rejected by ann@example.com: I overlooked the migration`,
    })
    await expect(approvals.approve(id, { ...yes, digest })).rejects.toEqual(
      refusal('approval_rejected'),
    )
  })

  it('takes its roles and notices from the policy', async () => {
    const types = { ours: { approvers: { owner: 2 }, noticeMs: 0 } }
    const policy = definePolicy({ approvals: { types } })
    const subject = { ...minor, type: 'ours' }
    const directory = { a: ['owner'], b: ['owner'], c: ['owner'] }
    const ours = (await world.join({ policy, directory })).approvals
    const { id, digest } = await ours.request(subject, { ...order, actor: 'c' })
    await ours.approve(id, { actor: 'a', reason: 'yes', digest })
    expect(ours.check(subject)).toMatchObject({ wants: ['owner'] })
    await ours.approve(id, { actor: 'b', reason: 'yes', digest })
    expect(ours.check(subject).status).toBe('approved')
  })
})

describe('what refuses an answer (P11)', () => {
  it.each(['dev@example.com', ' Dev@Example.com ', 'DEV@EXAMPLE.COM', 'dev\u200B@example.com'])(
    'refuses the one who asks, as %j',
    async (actor) => {
      const roles = { 'dev@example.com': ['team_lead'] }
      const ours = (await world.join({ directory: roles })).approvals
      const { id, digest } = await ours.request(minor, order)
      await expect(ours.approve(id, { ...yes, actor, digest })).rejects.toEqual(
        refusal('own_request'),
      )
    },
  )

  it('refuses a stranger, and a role that has no say', async () => {
    const { id, digest } = await approvals.request(minor, order)
    for (const actor of ['mallory@example.com', 'olga@example.com']) {
      const answer = approvals.approve(id, { ...yes, actor, digest })
      await expect(answer).rejects.toEqual(refusal('not_an_approver'))
      await expect(approvals.reject(id, { ...yes, actor })).rejects.toEqual(
        refusal('not_an_approver'),
      )
    }
    expect(approvals.check(minor)).toMatchObject({ status: 'pending', wants: ['team_lead'] })
  })

  it('refuses a second answer of the same person, however the name is typed', async () => {
    const subject = { ...minor, type: 'major' }
    const { id, digest } = await approvals.request(subject, order)
    await approvals.approve(id, { ...yes, actor: 'both@example.com', digest })
    const again = approvals.approve(id, { ...yes, actor: 'Both@example.com ', digest })
    await expect(again).rejects.toEqual(refusal('already_answered'))
  })

  it('refuses an answer to something else than what the person saw', async () => {
    const { id, digest } = await approvals.request(minor, order)
    const seen = digestOf({ ...minor, asked: { stages: [1, 100] } })
    await expect(approvals.approve(id, { ...yes, digest: seen })).rejects.toEqual(
      expect.objectContaining({ code: 'digest_mismatch', expected: digest, found: seen }),
    )
    // From untyped code the digest may be missing.
    const blind = approvals.approve(id, yes as never)
    await expect(blind).rejects.toEqual(refusal('digest_mismatch'))
  })

  it('lets only the one who asked withdraw, and nobody answer afterwards', async () => {
    const { id, digest } = await approvals.request(minor, order)
    await expect(approvals.withdraw(id, yes)).rejects.toEqual(refusal('not_the_requester'))
    await approvals.withdraw(id, { ...order, reason: 'not needed' })
    expect(approvals.check(minor)).toMatchObject({ status: 'withdrawn', id })
    await expect(approvals.approve(id, { ...yes, digest })).rejects.toEqual(
      refusal('approval_withdrawn'),
    )
  })

  it.each([
    [
      'an order without a reason',
      () => approvals.request(minor, { ...order, reason: ' ' }),
      'invalid_order',
    ],
    ['an order that is none', () => approvals.request(minor, undefined as never), 'invalid_order'],
    ['a subject that is none', () => approvals.request({} as never, order), 'invalid_subject'],
    [
      'a type that the policy has not',
      () => approvals.request({ ...minor, type: 'constructor' }, order),
      'unknown_approval_type',
    ],
    [
      'a request that is not there',
      () => approvals.withdraw('nothing', order),
      'approval_not_found',
    ],
  ])('refuses %s, and writes nothing', async (_, act, code) => {
    await expect(act()).rejects.toEqual(refusal(code))
    expect(approvals.list()).toEqual([])
  })

  it('refuses a request for consensus where the team is one person', async () => {
    const ours = (await world.join({ directory: { 'dev@example.com': [] } })).approvals
    const asked = ours.request({ ...minor, type: 'breaking' }, order)
    await expect(asked).rejects.toEqual(refusal('no_approvers'))
  })
})
