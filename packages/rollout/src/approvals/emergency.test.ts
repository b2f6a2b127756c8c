import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createChecklists } from '../checklist/create-checklists.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { createApprovalsWorld, hourMs, minor, order, yes } from './approvals-world.ts'

const olga = {
  actor: 'olga@example.com',
  reason: 'the old checkout loses orders',
  incident: 'INC-9',
}

let world: Awaited<ReturnType<typeof createApprovalsWorld>>

beforeEach(async () => {
  world = await createApprovalsWorld()
})
afterEach(() => world.close())

describe('an emergency', () => {
  it('is approved at once by who is on call, and everybody hears of it as an error', async () => {
    const paged: string[] = []
    const { approvals, replica } = await world.join({
      notify: ({ name, level }) => void paged.push(`${level} ${name}`),
    })
    const other = await world.join()
    const approval = await approvals.emergency(minor, olga)
    await world.clock.advance(0)
    expect(approvals.check(minor)).toMatchObject({ status: 'approved', id: approval.id })
    expect(paged).toEqual(['error emergency_approved'])
    expect(other.notices).toMatchObject([
      { level: 'error', message: expect.stringMatching(/^EMERGENCY: olga.*alone, for INC-9/) },
    ])
    expect(replica.get(`checklist/${approval.emergency?.checklist}`)?.value).toMatchObject({
      items: [
        { name: 'review', phase: 'open' },
        { name: 'post_mortem', dueAt: world.clock.now() + defaultPolicy.hotfix.postMortemMs },
      ],
    })
  })

  it('stays unreviewed, also when it was used, until somebody else has reviewed it', async () => {
    const { approvals, replica } = await world.join()
    const { id, emergency } = await approvals.emergency(minor, olga)
    const check = approvals.check(minor)
    if (check.status !== 'approved') expect.fail('not approved')
    const { changes, dependsOn } = check.change
    await replica.commit({ ...order, action: 'start_rollout', changes }, { dependsOn })
    expect(approvals.list({ isUnreviewed: true })).toMatchObject([{ approval: { id } }])
    const refused = [
      [olga.actor, 'own_request'],
      ['dev@example.com', 'not_an_approver'],
    ] as const
    for (const [actor, code] of refused) {
      const review = approvals.review(id, { actor, reason: 'fine' })
      await expect(review).rejects.toEqual(expect.objectContaining({ code }))
    }
    await approvals.review(id, { ...yes, reason: 'it was right' })
    expect(approvals.list({ isUnreviewed: true })).toEqual([])
    expect(replica.get(`checklist/${emergency?.checklist}`)?.value).toMatchObject({
      items: [{ name: 'review', phase: 'ticked', by: yes.actor }, { phase: 'open' }],
    })
    await expect(approvals.review(id, yes)).rejects.toEqual(
      expect.objectContaining({ code: 'already_reviewed' }),
    )
  })

  it('is reviewed by who reviewed it, whoever had ticked that by hand', async () => {
    const { approvals, replica } = await world.join()
    const { id, emergency } = await approvals.emergency(minor, olga)
    const list = emergency?.checklist ?? ''
    const checklists = createChecklists({ replica, clock: world.clock })
    await checklists.tick(list, 'review', olga)
    expect(approvals.list({ isUnreviewed: true })).toMatchObject([{ approval: { id } }])
    await approvals.review(id, { ...yes, reason: 'it was right' })
    expect(checklists.status(list).checklist.items).toMatchObject([
      { name: 'review', phase: 'ticked', by: yes.actor, note: 'it was right' },
      { name: 'post_mortem', phase: 'open' },
    ])
  })

  it('takes the place of a request that nobody answered', async () => {
    const { approvals } = await world.join()
    const { id } = await approvals.request(minor, order)
    await approvals.emergency(minor, olga)
    expect(approvals.check(minor).status).toBe('approved')
    await expect(approvals.withdraw(id, order)).rejects.toEqual(
      expect.objectContaining({ code: 'approval_voided' }),
    )
  })

  it('is over after the time a hotfix may take', async () => {
    const { approvals } = await world.join()
    await approvals.emergency(minor, olga)
    await world.clock.advance(defaultPolicy.hotfix.totalMs)
    expect(approvals.check(minor).status).toBe('expired')
  })

  it('is not for everybody, nor without an incident', async () => {
    const { approvals } = await world.join()
    await expect(approvals.emergency(minor, { ...olga, ...yes })).rejects.toEqual(
      expect.objectContaining({ code: 'not_an_approver', expected: 'on_call' }),
    )
    await expect(approvals.emergency(minor, { ...olga, incident: '' })).rejects.toEqual(
      expect.objectContaining({ code: 'invalid_order', pointer: '/incident' }),
    )
    expect(approvals.list()).toEqual([])
  })

  it('never works for what needs everyone, nor against a no', async () => {
    const { approvals } = await world.join()
    await expect(approvals.emergency({ ...minor, type: 'breaking' }, olga)).rejects.toEqual(
      expect.objectContaining({ code: 'emergency_forbidden' }),
    )
    const { id } = await approvals.request(minor, order)
    await approvals.reject(id, yes)
    await expect(approvals.emergency(minor, olga)).rejects.toEqual(
      expect.objectContaining({ code: 'emergency_forbidden', found: id }),
    )
    await world.clock.advance(hourMs)
    expect(approvals.check(minor).status).toBe('rejected')
  })

  it('is refused where the approval is there', async () => {
    const { approvals } = await world.join()
    await approvals.emergency(minor, olga)
    await expect(approvals.emergency(minor, olga)).rejects.toEqual(
      expect.objectContaining({ code: 'already_approved' }),
    )
  })
})
