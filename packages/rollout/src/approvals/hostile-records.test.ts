import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApprovalsWorld, hourMs, minor, order, yes } from './approvals-world.ts'

let world: Awaited<ReturnType<typeof createApprovalsWorld>>

beforeEach(async () => {
  world = await createApprovalsWorld()
})
afterEach(() => world.close())

describe('a record of a request that nobody of ours wrote', () => {
  it.each([
    ['is of a future version', { schema: 2 }],
    ['has a phase that is none', { phase: 'waved_through' }],
    ['is approved at no time', { approvedAt: null }],
    ['has a notice that is no time', { noticeUntil: 'never' }],
    ['has a word too many', { isApproved: true }],
    ['is of another id', { id: 'another-1' }],
    ['says something else than its digest', { subject: { ...minor, target: 'basket' } }],
    ['has a text of half a megabyte where its digest stands', { digest: 'x'.repeat(500_000) }],
    [
      'is of a type by the name of what every object has',
      { subject: { ...minor, type: 'constructor' } },
    ],
  ])('approves nothing, and keeps nobody from asking anew: it %s', async (_, forged) => {
    const { approvals, replica } = await world.join()
    const { id, digest } = await approvals.request(minor, order)
    const approval = await approvals.approve(id, { ...yes, digest })
    const key = `approval/${id}`
    const value = { ...approval, ...forged } as never
    await replica.commit({ ...order, action: 'forge', changes: [{ key, value }] })
    await world.clock.advance(5 * hourMs)
    expect(approvals.check(minor).status).toBe('missing')
    expect(approvals.list()).toEqual([])
    await expect(approvals.approve(id, { ...yes, digest })).rejects.toEqual(
      expect.objectContaining({ code: 'invalid_approval' }),
    )
    const again = await approvals.request(minor, order)
    // What stands there is not written over.
    expect(again.id).not.toBe(id)
    expect(replica.get(key)?.value).toEqual(value)
  })
})
