import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ApprovalDesk } from '../approvals/subject.ts'
import { canary, type RolloutController } from '../index.ts'
import { scriptedJudge } from '../testing.ts'
import { createWorld, fail, ops, order, pass } from './controller-world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs
/** How far the clock jumps; `still`: it shows the same instant for a minute. */
const jumps = [-10 * yearMs, -hourMs, hourMs, 10 * yearMs, 'still'] as const

const plan = canary({
  stages: [
    { rolloutPercent: 5 },
    { rolloutPercent: 50, gate: ['smoke_tests'] },
    { rolloutPercent: 100 },
  ],
  monitorMs: 20_000,
  minHoldMs: 1_000,
})
const pending: ApprovalDesk['check'] = () => ({ status: 'pending', id: 'a1', because: 'notice' })
const approved: ApprovalDesk['check'] = () => ({
  ...{ status: 'approved', id: 'a1', change: { changes: [], dependsOn: [] } },
})

/** A process whose clock somebody sets. */
async function join() {
  const { clock } = world
  const skew = { aheadMs: 0, stillAt: undefined as number | undefined }
  const own = { now: () => skew.stillAt ?? clock.now() + skew.aheadMs, after: clock.after }
  const said = { verdicts: [pass], check: approved }
  const judge = scriptedJudge(() => ({ verdicts: said.verdicts, canaryRequests: 0 }))
  const { controller, replica } = await world.join(judge, {
    ...{ plan, clock: own },
    gates: { smoke_tests: () => ({ isOpen: false, because: 'not yet' }) },
    approvals: { check: (subject) => said.check(subject) },
  })
  controller.on('error', () => {})
  async function jump(by: (typeof jumps)[number]): Promise<void> {
    if (by === 'still') skew.stillAt = own.now()
    else skew.aheadMs = by
    await clock.advance(10_000)
  }
  return { controller, replica, said, jump, skew }
}
type World = Awaited<ReturnType<typeof join>>

const ways: Record<string, (joined: World) => Promise<void>> = {
  async awaiting_approval({ controller, said }) {
    said.check = pending
    await controller.start(order)
    controller.run()
    await world.clock.advance(3_000)
  },
  async running({ controller }) {
    await controller.start(order)
    controller.run()
    await world.clock.advance(3_000)
  },
  async 'holding at a gate'(joined) {
    await ways.running?.(joined)
    await world.clock.advance(30_000)
    expect(joined.controller.state).toMatchObject({ phase: 'holding', cause: 'gate' })
  },
  async 'holding, failing'(joined) {
    joined.said.verdicts = [{ ...fail, consequence: 'hold' }]
    await ways.running?.(joined)
  },
  async paused(joined) {
    await ways.running?.(joined)
    await joined.controller.pause(ops)
  },
}

function stageOf(controller: RolloutController): unknown {
  return Object(controller.state).stage
}

describe.each(jumps)('a clock that jumps by %s ms', (by) => {
  it.each(Object.keys(ways))(
    'raises nothing, and keeps nobody from going back: %s',
    async (name) => {
      const joined = await join()
      const { controller, replica, jump, skew } = joined
      await ways[name]?.(joined)
      const [phase, stage] = [controller.state?.phase, stageOf(controller)]
      const exposure = replica.get('exposure/production/checkout')?.value
      await jump(by)
      expect([controller.state?.phase, stageOf(controller)]).toEqual([phase, stage])
      expect(replica.get('exposure/production/checkout')?.value).toEqual(exposure)

      await controller.rollBack(ops)
      skew.stillAt = undefined
      await world.clock.advance(200_000)
      const isBegun = name !== 'awaiting_approval'
      expect(controller.state?.phase).toBe(isBegun ? 'rolled_back' : 'aborted')
      const left = replica.get('exposure/production/checkout')?.value
      expect(left).toEqual(isBegun ? { rollout: 0 } : undefined)
    },
  )

  it.each(['running', 'holding at a gate', 'paused'])(
    'keeps no guard from rolling back: %s',
    async (name) => {
      const joined = await join()
      await ways[name]?.(joined)
      await joined.jump(by)
      joined.said.verdicts = [fail]
      await world.clock.advance(1_000)
      expect(joined.controller.state?.phase).toBe('verifying')
    },
  )

  it('lets a rollout begin when it is approved', async () => {
    const joined = await join()
    await ways.awaiting_approval?.(joined)
    await joined.jump(by)
    joined.said.check = approved
    await world.clock.advance(2_000)
    expect(joined.controller.state).toMatchObject({ phase: 'running', stage: 0 })
  })

  it('in the middle of a rollback ends it, verified or with an overrun', async () => {
    const joined = await join()
    await ways.running?.(joined)
    await joined.controller.rollBack(ops)
    await joined.jump(by)
    joined.skew.stillAt = undefined
    await world.clock.advance(200_000)
    expect(joined.controller.state?.phase).toBe('rolled_back')
  })
})
