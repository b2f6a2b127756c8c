import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApprovals } from '../approvals/create-approvals.ts'
import type { ApprovalSubject } from '../approvals/subject.ts'
import { definePolicy } from '../policy/define-policy.ts'
import { isProcedureOver } from '../procedure/state.ts'
import { approvalsOfArm } from './approved-version.ts'
import { createBlueGreenWorld, ops, order } from './blue-green-world.fixture.ts'

const directory = { bo: ['team_lead'], cy: ['architect'], ada: ['team_lead'] }
const noNotice = { noticeMs: 0 }
const policy = definePolicy({
  blueGreen: { warmUpMs: 0 },
  approvals: { types: { minor: noNotice, major: noNotice } },
})
const adoption = { ...order, live: 'blue', idle: 'green', version: 'v1' }

let world: ReturnType<typeof createBlueGreenWorld>
beforeEach(() => {
  world = createBlueGreenWorld()
})
afterEach(() => world.close())

type Joined = Awaited<ReturnType<typeof world.join>>

/** A process whose desk reads the same log as it does. */
async function join(dieAfter?: number, environment = 'production') {
  let desk: ReturnType<typeof createApprovals> | undefined
  const approvals = { check: (subject: ApprovalSubject) => people().check(subject) }
  const process = await world.join(dieAfter, { policy, approvals, environment })
  const people = () => {
    const { clock } = world
    desk ??= createApprovals({ replica: process.replica, directory, policy, clock })
    return desk
  }
  return { ...process, people: people() }
}

async function begin() {
  const process = await join()
  await process.shop.adopt(adoption)
  process.shop.run()
  return process
}

async function approve({ shop, people }: Awaited<ReturnType<typeof join>>, v: string) {
  const { id, digest } = await people.request(shop.subjectOf(v), order)
  return people.approve(id, { actor: 'bo', reason: 'looks right', digest })
}

const isOver = ({ shop }: Joined) => shop.state !== undefined && isProcedureOver(shop.state)
const waits = ({ shop }: Joined) => shop.controller.state?.phase === 'awaiting_approval'

describe('the approval of a version', () => {
  it('lets no other version through, also where the approved one never used it', async () => {
    const process = await begin()
    const { shop } = process
    await approve(process, 'v2')
    world.broken.add('smoke')
    await shop.start({ ...order, version: 'v2' })
    await world.until(() => isOver(process))
    expect(shop.state?.phase).toBe('undone')
    world.broken.clear()
    await shop.start({ ...order, version: 'v3' })
    await world.until(() => shop.controller.state !== undefined)
    await world.clock.advance(60_000)
    expect(shop.controller.state).toMatchObject({ phase: 'awaiting_approval', type: 'minor' })
    expect(world.router.weights).toEqual({ blue: 100, green: 0 })
    await approve(process, 'v3')
    await world.until(() => isOver(process))
    expect(shop.record).toMatchObject({ live: 'green', versions: { green: 'v3' } })
  })

  it('that was asked for beforehand lets it through without a wait, and is used up', async () => {
    const process = await begin()
    const { shop, people } = process
    await approve(process, 'v2')
    await shop.start({ ...order, version: 'v2' })
    await world.until(() => isOver(process))
    expect(shop.state?.phase).toBe('succeeded')
    expect(people.check(shop.subjectOf('v2')).status).toBe('used')
    const commits = await world.store.read(0)
    expect(commits.map(({ action }) => action)).not.toContain('ask_rollout')
  })

  it('is of the type that the one who starts names', async () => {
    const process = await begin()
    const { shop, people } = process
    await approve(process, 'v2')
    await shop.start({ ...order, version: 'v2', type: 'major' })
    await world.until(() => waits(process))
    await world.clock.advance(10_000)
    expect(shop.controller.state).toMatchObject({ phase: 'awaiting_approval', type: 'major' })
    const { id, digest } = await people.request(shop.subjectOf('v2', 'major'), order)
    await people.approve(id, { actor: 'bo', reason: 'well', digest })
    await world.clock.advance(10_000)
    expect(waits(process)).toBe(true)
    await people.approve(id, { actor: 'cy', reason: 'well', digest })
    await world.until(() => isOver(process))
    expect(shop.state?.phase).toBe('succeeded')
  })

  it('is refused before anything is written where the policy has no such type', async () => {
    const { shop } = await begin()
    const { length } = await world.store.read(0)
    await expect(shop.start({ ...order, version: 'v2', type: 'tiny' })).rejects.toMatchObject({
      ...{ code: 'invalid_option', pointer: '/type' },
    })
    expect(() => shop.subjectOf('v2', 'tiny')).toThrow(
      expect.objectContaining({ code: 'invalid_option', pointer: '/type' }),
    )
    expect(await world.store.read(0)).toHaveLength(length)
  })

  it('is refused for another type than the one it was started under', async () => {
    const { shop } = await begin()
    await shop.start({ ...order, version: 'v2', type: 'major' })
    expect(await shop.start({ ...order, version: 'v2' })).toMatchObject({ run: 1 })
    await expect(shop.start({ ...order, version: 'v2', type: 'minor' })).rejects.toMatchObject({
      code: 'procedure_differs',
    })
  })

  it('that is rejected sends the version back, and one who asked cannot say yes', async () => {
    const process = await begin()
    const { shop, people } = process
    await shop.start({ ...order, version: 'v2' })
    await world.until(() => waits(process))
    const { id, digest } = await people.request(shop.subjectOf('v2'), order)
    const own = people.approve(id, { actor: 'ada', reason: 'mine', digest })
    await expect(own).rejects.toMatchObject({ code: 'own_request' })
    await people.reject(id, { actor: 'bo', reason: 'not today' })
    await world.until(() => isOver(process))
    expect(shop.state?.phase).toBe('undone')
    expect(world.router.applied).toEqual([{ blue: 100, green: 0 }])
    expect(world.calls.at(-1)).toBe('decommission green v2')
  })

  it('is not waited for on the way back', async () => {
    const process = await begin()
    const { shop } = process
    await shop.start({ ...order, version: 'v2' })
    await world.until(() => waits(process))
    await shop.switchBack(ops)
    await world.until(() => isOver(process))
    expect(shop.state?.phase).toBe('undone')
    expect(world.arms).toEqual({ blue: 'v1', green: undefined })
  })

  it('outlives the process that asked for it', async () => {
    const first = await join()
    await first.shop.adopt(adoption)
    first.shop.run()
    await first.shop.start({ ...order, version: 'v2', type: 'major' })
    await world.until(() => waits(first))
    await Promise.all([first.shop.stop(), world.clock.advance(60_000)])
    const second = await join()
    second.shop.run()
    await world.clock.advance(60_000)
    expect(second.shop.controller.state).toMatchObject({ type: 'major' })
    const { id, digest } = await second.people.request(second.shop.subjectOf('v2', 'major'), order)
    await second.people.approve(id, { actor: 'bo', reason: 'well', digest })
    await second.people.approve(id, { actor: 'cy', reason: 'well', digest })
    await world.until(() => isOver(second))
    expect(second.shop.state?.phase).toBe('succeeded')
  })

  it('is of no use to a rollout that somebody starts by hand while the arm runs nothing', async () => {
    const process = await begin()
    await approve(process, 'v2')
    await process.shop.controller.start(order)
    await world.clock.advance(5_000)
    expect(waits(process)).toBe(true)
    expect(world.router.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is left to a process that can look it up', async () => {
    const first = await join()
    await first.shop.adopt(adoption)
    await first.shop.start({ ...order, version: 'v2' })
    await Promise.all([first.shop.stop(), world.clock.advance(60_000)])
    const blind = await world.join(undefined, { policy })
    blind.shop.run()
    await world.clock.advance(60_000)
    expect(blind.shop.state).toMatchObject({ phase: 'waiting', step: 'switch' })
    expect(blind.shop.controller.state).toBeUndefined()
    const last = await join()
    last.shop.run()
    await world.until(() => waits(last))
    await approve(last, 'v2')
    await world.until(() => isOver(last))
    expect(last.shop.state?.phase).toBe('succeeded')
  })

  it('is used in a commit that depends on what is on the arm', () => {
    const read = () => ({
      ...{ schema: 1 as const, live: 'blue', idle: 'green' },
      versions: { blue: 'v1', green: 'v2' },
    })
    const change = { changes: [], dependsOn: ['approval/1'] }
    const asked: unknown[] = []
    const desk = approvalsOfArm(
      {
        check(subject) {
          asked.push(subject.asked)
          return { status: 'approved', id: '1', change }
        },
      },
      { read, trafficKey: 'traffic/production/shop' },
    )
    const about = { environment: 'production', target: 'shop', type: 'minor', asked: { alpha: 1 } }
    expect(desk.check({ kind: 'rollout', ...about })).toMatchObject({
      change: { dependsOn: ['approval/1', 'traffic/production/shop'] },
    })
    expect(asked).toEqual([{ alpha: 1, version: 'v2' }])
  })

  it('is asked of nobody where the policy wants none', async () => {
    const process = await join(undefined, 'staging')
    await process.shop.adopt(adoption)
    process.shop.run()
    await process.shop.start({ ...order, version: 'v2' })
    await world.until(() => isOver(process))
    expect(process.shop.state?.phase).toBe('succeeded')
  })
})
