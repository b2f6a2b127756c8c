import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApprovals } from '../approvals/create-approvals.ts'
import type { ApprovalSubject } from '../approvals/subject.ts'
import { definePolicy } from '../policy/define-policy.ts'
import { isProcedureOver } from '../procedure/state.ts'
import { type RollingOptions, rolling } from './plan.ts'
import { createRollingWorld, ops, order } from './rolling-world.fixture.ts'

const directory = { bo: ['team_lead'], cy: ['architect', 'on_call'], ada: ['team_lead'] }
const noNotice = { noticeMs: 0 }
const policy = definePolicy({ approvals: { types: { minor: noNotice, major: noNotice } } })
const start = { ...order, version: 'v2', from: 'v1' }
const yes = { actor: 'bo', reason: 'looks right' }
const no = { actor: 'bo', reason: 'not today' }
const planOf = (options: RollingOptions = {}) =>
  rolling({ healthTimeoutMs: 5_000, settleMs: 2_000, ...options })

let world: ReturnType<typeof createRollingWorld>
beforeEach(() => {
  world = createRollingWorld()
})
afterEach(() => world.close())

type Process = Awaited<ReturnType<typeof join>>

/** A process whose desk reads the same log as it does. */
async function join(
  more: Parameters<typeof world.join>[1] = {},
  dieAfter = Number.POSITIVE_INFINITY,
) {
  let desk: ReturnType<typeof createApprovals> | undefined
  const approvals = { check: (subject: ApprovalSubject) => people().check(subject) }
  const process = await world.join(dieAfter, { policy, approvals, ...more })
  const people = () => {
    const { clock } = world
    desk ??= createApprovals({ replica: process.replica, directory, policy, clock })
    return desk
  }
  return Object.assign(process, { people: people() })
}

async function begin(more: Parameters<typeof world.join>[1] = {}) {
  const process = await join(more)
  process.update.run()
  await process.update.start(start)
  return process
}

async function approve({ update, people }: Process, version = 'v2') {
  const { id, digest } = await people.request(update.subjectOf(version), order)
  return people.approve(id, { ...yes, digest })
}

const isOver = ({ update }: Process) => update.state !== undefined && isProcedureOver(update.state)
const because = ({ update }: Process) => {
  const found = update.state?.steps[0]
  return found?.phase === 'waiting' ? found.because : undefined
}

describe('an update in production', () => {
  it('touches no instance before it is approved, and goes on when it is', async () => {
    const process = await begin()
    await world.clock.advance(2 * 3_600_000)
    expect(process.update.state).toMatchObject({ phase: 'waiting', step: 'approval' })
    expect(because(process)).toContain('nobody has asked for approval')
    const { id, digest } = await process.people.request(process.update.subjectOf('v2'), order)
    await world.clock.advance(5_000)
    expect(world.calls).toEqual([])
    await process.people.approve(id, { ...yes, digest })
    await world.until(() => isOver(process))
    expect(process.update.state).toMatchObject({
      phase: 'succeeded',
      steps: [{ name: 'approval', result: { approval: id } }, {}, {}, {}, {}],
    })
    expect(world.runs).toEqual({ a: 'v2', b: 'v2', c: 'v2', d: 'v2' })
    expect(process.people.check(process.update.subjectOf('v2')).status).toBe('used')
  })

  it('uses the approval in the commit that ends the wait', async () => {
    const process = await join()
    const { id } = await approve(process)
    process.update.run()
    await process.update.start(start)
    await world.until(() => isOver(process))
    const commits = await world.store.read(0)
    const use = commits.findLast(({ changes }) =>
      changes.some(({ key }) => key === `approval/${id}`),
    )
    expect(use?.changes.map(({ key }) => key)).toContain('procedure/rolling/production/shop')
    const taken = commits.find(({ action }) => action === 'take_out')
    expect(use?.revision).toBeLessThan(taken?.revision ?? 0)
  })

  it.each(['rejected', 'withdrawn'] as const)('is refused where it is %s', async (how) => {
    const process = await begin()
    const { id } = await process.people.request(process.update.subjectOf('v2'), order)
    if (how === 'rejected') await process.people.reject(id, no)
    else await process.people.withdraw(id, order)
    await world.until(() => isOver(process))
    expect(process.update.state).toMatchObject({
      phase: 'failed',
      decision: { step: 'approval', because: expect.stringContaining(`${id} was ${how}`) },
      left: [],
    })
    expect(world.calls).toEqual([])
  })

  it('may be asked for anew after a no, and be started again', async () => {
    const process = await begin()
    const { people, update } = process
    const { id } = await people.request(update.subjectOf('v2'), order)
    await people.reject(id, no)
    await world.until(() => isOver(process))
    await approve(process)
    await update.start(start)
    await world.until(() => isOver(process))
    expect(update.state).toMatchObject({ phase: 'succeeded', run: 2 })
  })

  it('wants an approval of its own for each run', async () => {
    const process = await begin()
    await approve(process)
    world.sick.add('b v2')
    await world.until(() => isOver(process))
    expect(process.update.state?.phase).toBe('undone')
    world.sick.clear()
    const calls = world.calls.length
    await process.update.start(start)
    await world.clock.advance(60_000)
    expect(because(process)).toContain('was used already')
    expect(world.calls).toHaveLength(calls)
  })

  it('is approved for no other version, also where the approved one never used it', async () => {
    const process = await join()
    await approve(process)
    process.update.run()
    await process.update.start({ ...start, version: 'v3' })
    await world.clock.advance(60_000)
    expect(because(process)).toContain('/asked/version: "v2" became "v3"')
    expect(world.calls).toEqual([])
  })

  it.each([
    ['plan', '/asked/plan/settleMs: 2000 became 0', { plan: planOf({ settleMs: 0 }) }],
    ['instances', '/asked/instances', { instances: ['a', 'b', 'c'] }],
  ])('loses its approval by an edit of the %s', async (_, place, more) => {
    await approve(await join())
    const edited = await begin(more)
    await world.clock.advance(60_000)
    expect(because(edited)).toContain(place)
    expect(world.calls).toEqual([])
  })

  it('loses it where the request is edited: the one in its place is for another plan', async () => {
    const process = await begin()
    const { people, update } = process
    const bolder = await join({ plan: planOf({ settleMs: 0 }) })
    const { id } = await people.request(update.subjectOf('v2'), order)
    const next = await people.edit(id, bolder.update.subjectOf('v2'), order)
    await people.approve(next.id, { ...yes, digest: next.digest })
    await world.clock.advance(60_000)
    expect(update.state).toMatchObject({ phase: 'waiting', step: 'approval' })
    expect(world.calls).toEqual([])
  })

  it('keeps the plan that was approved, whichever process carries on', async () => {
    const first = await begin({ plan: planOf({ settleMs: 60_000 }) })
    await Promise.all([first.update.stop(), world.clock.advance(60_000)])
    const second = await join({ plan: planOf({ settleMs: 0 }) })
    second.update.run()
    const { id, digest } = await second.people.request(first.update.subjectOf('v2'), order)
    await second.people.approve(id, { ...yes, digest })
    await world.clock.advance(50_000)
    expect(world.calls).toEqual(['out a v2', 'deploy a v2', 'back a v2'])
    await world.until(() => isOver(second))
    expect(second.update.state?.phase).toBe('succeeded')
  })

  it('is not approved by the one who asked', async () => {
    const process = await begin()
    const { id, digest } = await process.people.request(process.update.subjectOf('v2'), order)
    const own = process.people.approve(id, { actor: 'ada', reason: 'mine', digest })
    await expect(own).rejects.toMatchObject({ code: 'own_request' })
    await world.clock.advance(60_000)
    expect(world.calls).toEqual([])
  })

  it('goes on in an emergency, alone, and stays to be reviewed', async () => {
    const process = await begin()
    const incident = { actor: 'cy', reason: 'orders are lost', incident: 'INC-9' }
    await process.people.emergency(process.update.subjectOf('v2'), incident)
    await world.until(() => isOver(process))
    expect(process.update.state?.phase).toBe('succeeded')
    expect(process.people.list({ isUnreviewed: true })).toHaveLength(1)
  })

  it('is of the type that the one who starts names', async () => {
    const process = await join()
    const { people, update } = process
    await approve(process)
    update.run()
    await expect(update.start({ ...start, type: 'tiny' })).rejects.toMatchObject({
      ...{ code: 'invalid_option', pointer: '/type' },
    })
    expect(update.state).toBeUndefined()
    await update.start({ ...start, type: 'major' })
    const { id, digest } = await people.request(update.subjectOf('v2', 'major'), order)
    await people.approve(id, { ...yes, digest })
    await world.clock.advance(60_000)
    expect(people.check(update.subjectOf('v2', 'major'))).toMatchObject({ wants: ['architect'] })
    expect(world.calls).toEqual([])
    expect(await update.start(start)).toMatchObject({ run: 1, input: { type: 'major' } })
    await expect(update.start({ ...start, type: 'minor' })).rejects.toMatchObject({
      code: 'procedure_differs',
    })
    await people.approve(id, { ...yes, actor: 'cy', digest })
    await world.until(() => isOver(process))
    expect(update.state?.phase).toBe('succeeded')
  })

  it('goes back without waiting: before it is approved, in the middle, and after the end', async () => {
    const process = await begin()
    const { update } = process
    await world.clock.advance(5_000)
    await update.rollBack(ops)
    await world.until(() => update.state?.phase === 'undone')
    expect(world.calls).toEqual([])
    await approve(process)
    await update.start(start)
    await world.until(() => world.calls.includes('deploy b v2'))
    await update.rollBack(ops)
    await world.until(() => update.state?.phase === 'undone')
    expect(world.runs).toEqual({ a: 'v1', b: 'v1', c: 'v1', d: 'v1' })
    await approve(process)
    await update.start(start)
    await world.until(() => update.state?.phase === 'succeeded')
    await update.rollBack(ops)
    await world.until(() => update.state?.phase === 'undone')
    expect(world.runs).toEqual({ a: 'v1', b: 'v1', c: 'v1', d: 'v1' })
  })

  it('is left to a process that can look its approval up, and goes back from any', async () => {
    const first = await join()
    await first.update.start(start)
    await Promise.all([first.update.stop(), world.clock.advance(60_000)])
    const blind = await join({ approvals: undefined as never })
    blind.update.run()
    await world.clock.advance(60_000)
    expect(because(blind as Process)).toContain('waits for a process that has its approvals')
    const last = await join()
    last.update.run()
    await approve(last)
    await world.until(() => isOver(last))
    expect(last.update.state?.phase).toBe('succeeded')
    await blind.update.rollBack(ops)
    await world.until(() => last.update.state?.phase === 'undone')
    expect(world.runs).toEqual({ a: 'v1', b: 'v1', c: 'v1', d: 'v1' })
  })

  it('asks nobody in an environment where the policy wants none', async () => {
    const process = await begin({ environment: 'staging' })
    await world.until(() => isOver(process))
    expect(process.update.state).toMatchObject({
      phase: 'succeeded',
      steps: [{ name: 'approval', phase: 'skipped' }, {}, {}, {}, {}],
    })
  })
})

describe('a process that dies while an update waits for approval', () => {
  async function play(dieAfter: number) {
    world = createRollingWorld()
    const instances = ['a', 'b']
    const first = await join({ instances }, dieAfter)
    const second = await join({ instances })
    void first.update.start(start).then(() => first.update.run())
    await world.clock.advance(3_000)
    await second.update.start(start)
    second.update.run()
    await world.clock.advance(60_000)
    const before = world.calls.length
    const { id } = await approve(second)
    await world.until(() => isOver(second))
    const commits = await world.store.read(0)
    const uses = commits.filter(({ changes }) =>
      changes.some(({ key, value }) => {
        return key === `approval/${id}` && Object(value).phase === 'used'
      }),
    )
    const end = {
      ...{ before, uses: uses.length, phase: second.update.state?.phase },
      runs: { ...world.runs },
    }
    await world.close()
    return { end, effects: first.effects }
  }

  it('after whichever effect, leaves one that waits, is approved once and ends as without it', async () => {
    const undisturbed = await play(Number.POSITIVE_INFINITY)
    const runs = { a: 'v2', b: 'v2', c: 'v1', d: 'v1' }
    expect(undisturbed.end).toEqual({ before: 0, uses: 1, phase: 'succeeded', runs })
    expect(undisturbed.effects).toBeGreaterThan(10)
    for (let dieAfter = 1; dieAfter <= undisturbed.effects; dieAfter += 1) {
      const { end } = await play(dieAfter)
      expect({ dieAfter, ...end }).toEqual({ dieAfter, ...undisturbed.end })
    }
  })
})
