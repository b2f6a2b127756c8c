import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApprovalsWorld, hourMs, minor, order, yes } from './approvals-world.ts'

const olga = { actor: 'olga@example.com', reason: 'orders are lost', incident: 'INC-9' }
const forbidden = expect.objectContaining({ code: 'emergency_forbidden' })

let world: Awaited<ReturnType<typeof createApprovalsWorld>>

beforeEach(async () => {
  world = await createApprovalsWorld()
})
afterEach(() => world.close())

/** A desk at which exactly this was rejected. */
async function openAfterNo() {
  const { approvals, replica } = await world.join()
  const { id } = await approvals.request(minor, order)
  await approvals.reject(id, yes)
  return { approvals, replica, rejected: id }
}

describe('a no that an emergency meets', () => {
  it('is not forgotten because it was asked for anew', async () => {
    const { approvals, rejected } = await openAfterNo()
    const again = await approvals.request(minor, order)
    await expect(approvals.emergency(minor, olga)).rejects.toEqual(
      expect.objectContaining({ code: 'emergency_forbidden', found: rejected }),
    )
    await approvals.withdraw(again.id, order)
    await expect(approvals.emergency(minor, olga)).rejects.toEqual(forbidden)
    expect(approvals.check(minor).status).not.toBe('approved')
  })

  it('is not slipped past by another type of change', async () => {
    const { approvals } = await openAfterNo()
    const hotfix = { ...minor, type: 'hotfix' }
    await expect(approvals.emergency(hotfix, olga)).rejects.toEqual(forbidden)
    expect(approvals.check(hotfix).status).toBe('missing')
  })

  it('is not forgotten because the clock of whoever asked first was ahead', async () => {
    const ahead = world.skewedClock()
    const { approvals, replica } = await world.join()
    ahead.offsetMs = 10 * 365 * 24 * hourMs
    const early = (await world.join({ clock: ahead })).approvals
    const first = await early.request(minor, order)
    await early.withdraw(first.id, order)
    // A commit by a clock that is right heals the log.
    await replica.commit({ ...order, action: 'note', changes: [] })
    const { id } = await approvals.request(minor, order)
    await approvals.reject(id, yes)
    await expect(approvals.emergency(minor, olga)).rejects.toEqual(forbidden)
  })

  it('is over once others have said yes to it since', async () => {
    const { approvals, replica } = await openAfterNo()
    const { id, digest } = await approvals.request(minor, order)
    await approvals.approve(id, { ...yes, digest })
    await world.clock.advance(4 * hourMs)
    const check = approvals.check(minor)
    if (check.status !== 'approved') expect.fail('not approved')
    const { changes, dependsOn } = check.change
    await replica.commit({ ...order, action: 'start_rollout', changes }, { dependsOn })
    await approvals.emergency(minor, olga)
    expect(approvals.check(minor).status).toBe('approved')
  })

  it('is one for an emergency that was rejected itself, however often it is reviewed', async () => {
    const { approvals } = await world.join()
    const { id } = await approvals.emergency({ ...minor, type: 'hotfix' }, olga)
    await approvals.review(id, yes)
    const again = await world.join({ directory: { 'omar@example.com': ['on_call'] } })
    await again.approvals.reject(id, { actor: 'omar@example.com', reason: 'it makes it worse' })
    await world.clock.advance(0)
    await expect(approvals.emergency({ ...minor, type: 'hotfix' }, olga)).rejects.toEqual(forbidden)
  })
})

describe('a request for consensus that an emergency meets', () => {
  it('is not slipped past by calling the same change another type', async () => {
    const { approvals } = await world.join()
    const { id } = await approvals.request({ ...minor, type: 'breaking' }, order)
    await expect(approvals.emergency(minor, olga)).rejects.toEqual(
      expect.objectContaining({ code: 'emergency_forbidden', found: id }),
    )
    await approvals.withdraw(id, order)
    await approvals.emergency(minor, olga)
    expect(approvals.check(minor).status).toBe('approved')
  })
})
