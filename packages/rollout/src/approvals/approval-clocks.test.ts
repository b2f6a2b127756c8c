import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApprovalsWorld, hourMs, minor, order, yes } from './approvals-world.ts'

const yearMs = 365 * 24 * hourMs
const hotfix = { ...minor, type: 'hotfix' }

let world: Awaited<ReturnType<typeof createApprovalsWorld>>

beforeEach(async () => {
  world = await createApprovalsWorld()
})
afterEach(() => world.close())

/** A minor change that has its approval and waits for the four hours, in a process whose clock can be moved. */
async function awaitNotice() {
  const clock = world.skewedClock()
  const right = await world.join()
  const skewed = await world.join({ clock })
  const { id, digest } = await right.approvals.request(minor, order)
  await right.approvals.approve(id, { ...yes, digest })
  return { ...skewed, clock, right, check: () => skewed.approvals.check(minor).status }
}

describe('a notice in a process whose clock is wrong', () => {
  it('is not over because the clock jumped an hour forward', async () => {
    const { clock, check } = await awaitNotice()
    await world.clock.advance(hourMs)
    clock.offsetMs = hourMs
    await world.clock.advance(2.5 * hourMs)
    expect(check()).toBe('pending')
    await world.clock.advance(0.5 * hourMs + 60_000)
    expect(check()).toBe('approved')
  })

  it('is not over because the clock jumped right before the question', async () => {
    const { clock, check } = await awaitNotice()
    clock.offsetMs = 4 * hourMs
    expect(check()).toBe('pending')
  })

  it('is over an hour late at most where the clock went an hour back, and in time once it is right', async () => {
    const { clock, check } = await awaitNotice()
    clock.offsetMs = -hourMs
    await world.clock.advance(4 * hourMs)
    expect(check()).toBe('pending')
    clock.offsetMs = 0
    expect(check()).toBe('approved')
  })

  it.each([10 * yearMs, -10 * yearMs])(
    'is never over by a clock that is %d ms off',
    async (offsetMs) => {
      const { clock, check } = await awaitNotice()
      clock.offsetMs = offsetMs
      expect(check()).not.toBe('approved')
      await world.clock.advance(5 * hourMs)
      expect(check()).not.toBe('approved')
      // Nothing was written on the word of that clock.
      clock.offsetMs = 0
      expect(check()).toBe('approved')
    },
  )

  it('is not over while the clock stands still, or is no number', async () => {
    const { clock, check } = await awaitNotice()
    clock.frozenAt = clock.now()
    await world.clock.advance(5 * hourMs)
    expect(check()).toBe('pending')
    clock.frozenAt = Number.NaN
    expect(check()).not.toBe('approved')
    clock.frozenAt = undefined
    expect(check()).toBe('approved')
  })

  it('is as long for those who saw the request come in, though the requester lags, and is said', async () => {
    const clock = world.skewedClock()
    const late = await world.join({ clock })
    const right = await world.join()
    clock.offsetMs = -4 * hourMs
    const fresh = await world.join({ clock })
    const { id, digest } = await fresh.approvals.request(minor, order)
    await world.clock.advance(0)
    await right.approvals.approve(id, { ...yes, digest })
    expect(right.approvals.check(minor).status).toBe('pending')
    await world.clock.advance(4 * hourMs)
    expect(right.approvals.check(minor).status).toBe('approved')
    expect(right.errors).toEqual(['clock_skew'])
    // A process that ran before its clock went back knows better, and asks for nothing.
    await expect(late.approvals.request({ ...minor, target: 'basket' }, order)).rejects.toEqual(
      expect.objectContaining({ code: 'clock_behind' }),
    )
  })
})

describe('an expiry in a process whose clock is wrong', () => {
  async function awaitExpiry() {
    const clock = world.skewedClock()
    const right = await world.join()
    const { approvals } = await world.join({ clock })
    const { id, digest } = await right.approvals.request(hotfix, order)
    await right.approvals.approve(id, { ...yes, actor: 'olga@example.com', digest })
    return { clock, right, check: () => approvals.check(hotfix).status }
  }

  it('comes in spite of a clock that stands still, or goes back', async () => {
    const { clock, check } = await awaitExpiry()
    clock.frozenAt = clock.now()
    expect(check()).toBe('approved')
    await world.clock.advance(7 * 24 * hourMs)
    expect(check()).toBe('expired')
    clock.frozenAt = undefined
    clock.offsetMs = -24 * hourMs
    expect(check()).toBe('expired')
  })

  it('comes by a commit of somebody whose clock is right', async () => {
    const { clock, right, check } = await awaitExpiry()
    await world.clock.advance(6 * 24 * hourMs)
    clock.offsetMs = -24 * hourMs
    const late = await world.join({ clock })
    await world.clock.advance(24 * hourMs + 60_000)
    expect(late.approvals.check(hotfix).status).toBe('approved')
    await right.replica.commit({ ...order, action: 'note', changes: [] })
    await world.clock.advance(0)
    expect(late.approvals.check(hotfix).status).toBe('expired')
    expect(check()).toBe('expired')
  })

  it('does not last for ten years because the requester was ten years ahead', async () => {
    const clock = world.skewedClock()
    clock.offsetMs = 10 * yearMs
    const ahead = await world.join({ clock })
    const right = await world.join()
    const { id, digest } = await ahead.approvals.request(hotfix, order)
    await ahead.approvals.approve(id, { ...yes, actor: 'olga@example.com', digest })
    await world.clock.advance(0)
    // The log's last word is ten years ahead too, until somebody else says something.
    await right.approvals.request(minor, order).catch(() => {})
    await right.replica.commit({ ...order, action: 'note', changes: [] })
    expect(right.approvals.check(hotfix)).toMatchObject({
      status: 'pending',
      because: expect.stringContaining('one of the two is wrong'),
    })
  })
})
