import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
