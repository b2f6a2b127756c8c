import { createReplica } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultPolicy } from '../policy/default-policy.ts'
import { definePolicy } from '../policy/define-policy.ts'
import type { Approvals } from './approvals-contract.ts'
import { createApprovalsWorld, directory, hourMs, minor, order, yes } from './approvals-world.ts'
import { createApprovals } from './create-approvals.ts'
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

describe('requests at the same moment', () => {
  it('counts two who approve at once', async () => {
    const one = await world.join()
    const other = await world.join()
    const subject = { ...minor, type: 'major' }
    const { id, digest } = await approvals.request(subject, order)
    await Promise.all([
      one.approvals.approve(id, { ...yes, digest }),
      other.approvals.approve(id, { actor: 'arno@example.com', reason: 'yes', digest }),
    ])
    await world.clock.advance(24 * hourMs)
    for (const each of [approvals, one.approvals, other.approvals]) {
      expect(each.check(subject).status).toBe('approved')
    }
  })

  it('lets the log decide between an approval and a withdrawal', async () => {
    const other = await world.join()
    const { id, digest } = await approvals.request(minor, order)
    const [approved, withdrawn] = await Promise.allSettled([
      other.approvals.approve(id, { ...yes, digest }),
      approvals.withdraw(id, order),
    ])
    // Withdrawn last or first: it is withdrawn, and an approval that came later was told so.
    expect(withdrawn.status).toBe('fulfilled')
    if (approved.status === 'rejected') {
      expect(approved.reason).toEqual(refusal('approval_withdrawn'))
    }
    await world.clock.advance(5 * hourMs)
    expect(approvals.check(minor).status).toBe('withdrawn')
  })

  it('is one request where two ask for the same at once', async () => {
    const other = await world.join()
    const outcomes = await Promise.allSettled([
      approvals.request(minor, order),
      other.approvals.request(minor, { ...order, actor: 'eve@example.com' }),
    ])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes).toContainEqual({ status: 'rejected', reason: refusal('already_requested') })
    await world.clock.advance(2_000)
    expect(approvals.list()).toHaveLength(1)
  })
})

describe('what is told of requests', () => {
  it('is told in every process that follows the log, and to the hook of the one that wrote', async () => {
    const paged: string[] = []
    const writer = await world.join({ notify: ({ name }) => void paged.push(name) })
    const other = await world.join()
    const { id, digest } = await writer.approvals.request(minor, order)
    await other.approvals.approve(id, { ...yes, digest })
    await world.clock.advance(2_000)
    const told = ['approval_requested', 'approval_granted']
    expect(writer.notices.map(({ name }) => name)).toEqual(told)
    expect(other.notices.map(({ name }) => name)).toEqual(told)
    expect(writer.notices[0]?.message).toContain('Wanted: team_lead, not before 2026-01-01T04:00')
    expect(paged).toEqual(['approval_requested'])
  })

  it('is no news to a process that comes later, until something happens', async () => {
    const { id, digest } = await approvals.request(minor, order)
    const { store, clock } = world
    const replica = createReplica({ store, clock, pollMs: hourMs })
    // Created before the log is read: all of it comes in as changes.
    const late = createApprovals({ replica, directory, clock })
    const told: string[] = []
    late.on('event', ({ name }) => told.push(name))
    await replica.start()
    await replica.ready()
    expect(late.list()).toHaveLength(1)
    expect(told).toEqual([])
    await approvals.approve(id, { ...yes, digest })
    await clock.advance(0)
    expect(told).toEqual(['approval_granted'])
    await late.close()
    await replica.close()
  })

  it('goes on where a hook throws, or hangs', async () => {
    const thrower = await world.join({ notify: () => Promise.reject(new Error('no network')) })
    const hanger = await world.join({ notify: () => new Promise(() => {}) })
    await thrower.approvals.request(minor, order)
    await hanger.approvals.request({ ...minor, target: 'basket' }, order)
    await world.clock.advance(15_000)
    expect([thrower.errors, hanger.errors]).toEqual([['notify_failed'], ['notify_failed']])
  })

  it('approves nothing by a record that cannot be read, and says so', async () => {
    const { id, digest } = await approvals.request(minor, order)
    const approval = await approvals.approve(id, { ...yes, digest })
    const { replica } = await world.join()
    const forged = { ...approval, subject: { ...minor, asked: 'everything' } }
    const changes = [{ key: `approval/${id}`, value: forged as never }]
    await replica.commit({ ...order, action: 'forge', changes })
    const late = await world.join()
    await world.clock.advance(5 * hourMs)
    expect(late.approvals.check({ ...minor, asked: 'everything' }).status).toBe('missing')
    expect(late.errors).toEqual(['invalid_approval'])
    await expect(late.approvals.withdraw(id, order)).rejects.toEqual(refusal('invalid_approval'))
  })
})
