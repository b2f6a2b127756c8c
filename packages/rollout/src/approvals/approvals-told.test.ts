import { createReplica } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Approvals } from './approvals-contract.ts'
import { createApprovalsWorld, directory, hourMs, minor, order, yes } from './approvals-world.ts'
import { createApprovals } from './create-approvals.ts'

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
