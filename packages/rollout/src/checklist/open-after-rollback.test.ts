import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, ops, order, pass } from '../controller/controller-world.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { scriptedJudge } from '../testing.ts'
import { createChecklists } from './create-checklists.ts'
import { type AfterRollbackOptions, openAfterRollback } from './open-after-rollback.ts'

let world: Awaited<ReturnType<typeof createWorld>>
let stops: (() => Promise<void>)[]

beforeEach(async () => {
  world = await createWorld()
  stops = []
})
afterEach(async () => {
  for (const stop of stops) await stop()
  await world.close()
})

async function join(options: AfterRollbackOptions = {}) {
  const process = await world.join(scriptedJudge(() => [pass]))
  const checklists = createChecklists({ replica: process.replica, clock: world.clock })
  const listen = () => {
    stops.push(
      openAfterRollback(process.controller, checklists, { clock: world.clock, ...options }),
    )
  }
  return { ...process, checklists, listen }
}

describe('after a rollback (P24)', () => {
  it('opens the list of the policy once, and ticks the announcement that was sent', async () => {
    const sent: string[] = []
    const announce = async ({ flag }: { flag: string }) => {
      sent.push(flag)
      return 'https://chat/42'
    }
    const one = await join({ announce })
    const other = await join({ announce })
    for (const { listen, controller } of [one, other]) {
      listen()
      controller.run()
    }
    await one.controller.start(order)
    const { id } = await one.controller.rollBack(ops)
    await world.clock.advance(0)
    expect(one.checklists.list()).toEqual([])
    await world.clock.advance(10_000)
    expect(one.controller.state?.phase).toBe('rolled_back')
    const { checklist, open } = other.checklists.status(`rollback-${id}`)
    expect(checklist.items.map(({ name }) => name)).toEqual(defaultPolicy.rollback.afterwards)
    expect(checklist).toMatchObject({
      ticket: 'OPS-7',
      reason: 'checkout was rolled back: looks odd',
    })
    expect(checklist.items[0]).toMatchObject({ phase: 'ticked', evidence: 'https://chat/42' })
    expect(open.map(({ name }) => name)).toEqual(defaultPolicy.rollback.afterwards.slice(1))
    expect(sent).toEqual(['checkout'])
    const log = await world.readLog()
    expect(log.filter((line) => line.includes('open_checklist'))).toHaveLength(1)
  })

  it('opens it for a rollback that ended while nobody listened', async () => {
    const { controller, checklists, listen } = await join()
    controller.run()
    await controller.start(order)
    await controller.rollBack(ops)
    await world.clock.advance(10_000)
    expect(checklists.list()).toEqual([])
    listen()
    await world.clock.advance(0)
    expect(checklists.list()).toHaveLength(1)
  })

  it('leaves the announcement open where it failed, or hangs', async () => {
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    for (const announce of [() => Promise.reject(new Error('chat')), () => new Promise(() => {})]) {
      const { controller, checklists, listen } = await join({ announce, onError })
      listen()
      controller.run()
      const { id } = await controller.start(order)
      await controller.rollBack(ops)
      await world.clock.advance(70_000)
      expect(checklists.status(`rollback-${id}`).open).toHaveLength(6)
      await controller.stop()
      await stops.pop()?.()
    }
    expect(errors).toHaveLength(2)
  })

  it('opens nothing for a rollout that did not go back', async () => {
    const { controller, checklists, listen } = await join()
    listen()
    await controller.start(order)
    await controller.abort(ops)
    await world.clock.advance(1_000)
    expect(checklists.list()).toEqual([])
  })
})
