import type { Json } from '@sluice/core'
import { errorRate } from '@sluice/guards'
import type { Replica } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ApprovalDesk, type ApprovalSubject, digestOf } from '../approvals/subject.ts'
import { canary, definePolicy, type RolloutControllerOptions } from '../index.ts'
import { scriptedJudge } from '../testing.ts'
import { createWorld, ops, order, pass } from './controller-world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

type Status = Exclude<ReturnType<ApprovalDesk['check']>['status'], 'missing'>

/** Approvals as they stand in the log, without who gives them: one for each subject. */
function createDesk(replica: Replica): ApprovalDesk {
  return {
    check(subject) {
      const key = keyOf(subject)
      const status = replica.get(key)?.value as Status | undefined
      if (status === undefined) return { status: 'missing', because: 'nobody asked' }
      if (status !== 'approved')
        return { status, id: key, because: 'so it is', wants: ['team_lead'] }
      const change = { changes: [{ key, value: 'used' }], dependsOn: [key] }
      return { status, id: key, change }
    },
  }
}

function keyOf(subject: ApprovalSubject): string {
  return `approval/${digestOf(subject).slice(0, 12)}`
}

const asked: ApprovalSubject[] = []
beforeEach(() => {
  asked.length = 0
})

/** A process whose controller asks for approvals. */
async function join(options: Partial<RolloutControllerOptions> = {}) {
  const late = { check: (subject: ApprovalSubject) => desk.check(subject) }
  const joined = await world.join(
    scriptedJudge(() => [pass]),
    { approvals: late, ...options },
  )
  const real = createDesk(joined.replica)
  const desk: ApprovalDesk = {
    check(subject) {
      asked.push(subject)
      return real.check(subject)
    },
  }
  joined.controller.on('error', () => {})
  return {
    ...joined,
    /** Somebody answers what was asked for last. */
    async answer(status: Status) {
      const key = keyOf(asked.at(-1) as ApprovalSubject)
      const changes = [{ key, value: status as Json }]
      await joined.replica.commit({ actor: 'lea', action: 'answer', reason: status, changes })
    },
  }
}

const exposureKey = 'exposure/production/checkout'

describe('a rollout in an environment that needs approval', () => {
  it('waits, exposes nobody, and begins by the commit that uses the approval up', async () => {
    const { controller, replica, answer, notices } = await join()
    expect(await controller.start(order)).toMatchObject({
      ...{ phase: 'awaiting_approval', type: 'minor' },
    })
    controller.run()
    await world.clock.advance(5_000)
    await answer('pending')
    await world.clock.advance(600_000)
    expect(controller.state?.phase).toBe('awaiting_approval')
    expect(replica.get(exposureKey)).toBeUndefined()

    await answer('approved')
    await world.clock.advance(1_000)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0, startedBy: 'ada' })
    const begun = (await world.store.read(0)).find(({ action }) => action === 'begin_rollout')
    expect(begun?.changes.map(({ key }) => key)).toEqual([
      'rollout/production/checkout',
      exposureKey,
      keyOf(asked.at(-1) as ApprovalSubject),
    ])
    expect(notices.map((line) => line.split(':')[0])).toEqual([
      'approval_awaited',
      'rollout_started',
    ])
    await world.clock.advance(15_000)
    expect(controller.state?.phase).toBe('completed')
  })

  it('begins at once where it is approved already, and uses the approval', async () => {
    const { controller, answer, replica } = await join()
    await controller.start(order)
    await answer('approved')
    await controller.abort(ops)
    expect(await controller.start(order)).toMatchObject({ phase: 'running', stage: 0 })
    expect(replica.get(keyOf(asked.at(-1) as ApprovalSubject))?.value).toBe('used')
    await controller.rollBack(ops)
    // Once used, it counts for no other start.
    await world.clock.advance(0)
    await controller.tick()
    await world.clock.advance(10_000)
    await controller.tick()
    await world.clock.advance(200_000)
    await controller.tick()
    expect(await controller.start(order)).toMatchObject({ phase: 'awaiting_approval' })
  })

  it('asks for exactly what it is going to do, so that any edit is another subject', async () => {
    const { controller } = await join({ guards: [errorRate()], alpha: 0.02 })
    await controller.start({ ...order, type: 'major' })
    const [subject] = asked as [ApprovalSubject]
    expect(subject).toMatchObject({ kind: 'rollout', target: 'checkout', type: 'major' })
    expect(Object.keys(Object(subject.asked)).sort()).toEqual([
      ...['alpha', 'environment', 'flag', 'guards', 'plan'],
    ])
    const edits = [
      { alpha: 0.01 },
      { guards: [] },
      { guards: [errorRate({ name: 'other' })] },
      { plan: canary({ monitorMs: 3_001 }) },
    ]
    const digests = new Set([digestOf(subject)])
    for (const edit of edits) {
      await controller.abort(ops)
      const edited = await join({ guards: [errorRate()], alpha: 0.02, ...edit })
      await edited.controller.start({ ...order, type: 'major' })
      digests.add(digestOf(asked.at(-1) as ApprovalSubject))
    }
    expect(digests.size).toBe(edits.length + 1)
  })

  it.each(['rejected', 'withdrawn', 'expired', 'voided'] as const)(
    'ends without moving anything when the approval is %s',
    async (status) => {
      const { controller, replica, answer } = await join()
      await controller.start(order)
      controller.run()
      await world.clock.advance(2_000)
      await answer('pending')
      await world.clock.advance(2_000)
      await answer(status)
      await world.clock.advance(2_000)
      expect(controller.state).toMatchObject({ phase: 'aborted', by: 'controller' })
      expect((controller.state as { because: string }).because).toContain(status)
      expect(replica.get(exposureKey)).toBeUndefined()
    },
  )

  it('is not ended by an approval that was over before it was asked for', async () => {
    const { controller, answer } = await join()
    await controller.start(order)
    await answer('rejected')
    await controller.abort(ops)
    await controller.start(order)
    controller.run()
    await world.clock.advance(10_000)
    expect(controller.state?.phase).toBe('awaiting_approval')
  })

  it.each(['rollBack', 'abort'] as const)(
    'is ended by a person without moving anything: %s',
    async (command) => {
      const { controller, replica } = await join()
      await controller.start(order)
      expect(await controller[command](ops)).toMatchObject({ phase: 'aborted', by: 'olga' })
      expect(replica.get(exposureKey)).toBeUndefined()
    },
  )

  it('is not begun by a promotion without approval, nor paused', async () => {
    const { controller, answer } = await join()
    await controller.start(order)
    await expect(controller.promote(ops)).rejects.toMatchObject({ code: 'approval_required' })
    await expect(controller.pause(ops)).rejects.toMatchObject({ code: 'awaiting_approval' })
    await expect(controller.start(order)).rejects.toMatchObject({ code: 'rollout_exists' })
    await answer('approved')
    expect(await controller.promote(ops)).toMatchObject({ phase: 'running', stage: 0 })
  })

  it('begins from the exposure that stands there by then', async () => {
    const { controller, replica, answer } = await join()
    await controller.start(order)
    const split = { red: 50, blue: 50 }
    const changes = [{ key: exposureKey, value: { enabled: false, split } }]
    await replica.commit({ actor: 'eve', action: 'set', reason: 'by hand', changes })
    await answer('approved')
    await controller.tick()
    expect(controller.state).toMatchObject({ phase: 'running', before: { enabled: false, split } })
    expect(replica.get(exposureKey)?.value).toEqual({ enabled: true, rollout: 5, split })
  })

  it('is begun once, where two processes and a person see the approval at once', async () => {
    const [one, other] = [await join(), await join()]
    await one.controller.start(order)
    await one.answer('approved')
    await other.replica.refresh()
    await Promise.allSettled([
      one.controller.tick(),
      other.controller.tick(),
      one.controller.promote(ops),
    ])
    const actions = (await world.store.read(0)).map(({ action }) => action)
    const begun = actions.filter((action) => ['begin_rollout', 'promote'].includes(action))
    expect(begun).toHaveLength(1)
    expect(one.controller.state).toMatchObject({ phase: 'running', stage: 0 })
  })

  it('does not begin by an approval that is withdrawn at the same moment', async () => {
    const [one, other] = [await join(), await join()]
    await one.controller.start(order)
    await one.answer('approved')
    await other.replica.refresh()
    // The other has written it before this process has seen it.
    await other.answer('withdrawn')
    await one.controller.tick()
    expect(one.controller.state?.phase).not.toBe('running')
    await one.controller.tick()
    expect(one.controller.state?.phase).toBe('aborted')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('the desk is broken')
      },
    ],
    ['answers nonsense', () => ({ status: 'fine' }) as never],
  ])('waits where the desk %s', async (_name, check) => {
    const { controller } = await join({ approvals: { check } })
    await controller.start(order)
    controller.run()
    await world.clock.advance(5_000)
    expect(controller.state?.phase).toBe('awaiting_approval')
  })

  it('refuses a type that the policy does not know', async () => {
    const { controller } = await join()
    await expect(controller.start({ ...order, type: 'huge' })).rejects.toMatchObject({
      ...{ code: 'invalid_option', pointer: '/type', found: 'huge' },
      expected: 'one of hotfix, minor, major, breaking',
    })
  })
})

describe('where no approval is needed', () => {
  it.each<[string, Partial<RolloutControllerOptions>]>([
    ['staging', { environment: 'staging' }],
    [
      'a policy that asks nowhere',
      {
        policy: definePolicy({
          approvals: { requiredIn: [] },
          deployment: { triggers: { production: { on: 'approval' } } },
        }),
      },
    ],
    ['a controller without approvals', { approvals: undefined as never }],
  ])('a rollout begins at once: %s', async (_name, options) => {
    const { controller } = await join(options)
    expect(await controller.start(order)).toMatchObject({ phase: 'running', stage: 0 })
  })

  it('`prod` is production: it waits', async () => {
    const { controller } = await join({ environment: 'prod' })
    expect(await controller.start(order)).toMatchObject({ phase: 'awaiting_approval' })
  })
})

describe('a later stage that needs an approval', () => {
  const plan = canary({
    stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100, approval: 'major' }],
    monitorMs: 3_000,
  })

  it('is held at, with the guards looking on, until the approval of that stage is given', async () => {
    const { controller, answer, replica } = await join({ plan, environment: 'staging' })
    await controller.start(order)
    controller.run()
    await world.clock.advance(10_000)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'gate', wants: ['major'] })
    await expect(controller.promote(ops)).rejects.toMatchObject({ code: 'approval_required' })
    expect(asked.at(-1)).toMatchObject({ type: 'major', asked: { stage: 1 } })
    await answer('rejected')
    await world.clock.advance(5_000)
    // Somebody may ask anew: a rollout that runs already is not ended by a no.
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'gate' })
    await answer('approved')
    await world.clock.advance(1_000)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 1 })
    expect(replica.get(keyOf(asked.at(-1) as ApprovalSubject))?.value).toBe('used')
  })

  it('is refused by a controller that has no approvals', async () => {
    await expect(join({ plan, approvals: undefined as never })).rejects.toMatchObject({
      ...{ code: 'invalid_option', pointer: '/approvals' },
    })
  })
})
