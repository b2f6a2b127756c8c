import { createHealthRecorder, errorRate } from '@sluice/guards'
import { createReplica, type Exchange } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { canary, createRolloutController } from '../index.ts'
import { createBoard } from './exchange.fixture.ts'
import { createFleetSource } from './fleet-source.ts'
import { createLease } from './lease.ts'
import { shareHealth } from './share-health.ts'

const at = { environment: 'production', flag: 'checkout' }
const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 50 }, { rolloutPercent: 100 }],
  monitorMs: 120_000,
})
const order = { actor: 'ada', reason: 'new checkout' }

let clock = createManualClock()
let board = createBoard(clock)
let store = createMemoryStore({ clock })
beforeEach(begin)

function begin(): void {
  clock = createManualClock()
  board = createBoard(clock)
  store = createMemoryStore({ clock })
}

/** A process of a service, with a controller of its own. */
async function join(processId: string) {
  const { line, exchange } = board.connect()
  const replica = createReplica({ store, clock })
  await replica.start()
  const recorder = createHealthRecorder()
  const identity = { processId, incarnation: `${processId}#1` }
  const stopSharing = shareHealth({
    ...{ ...at, ...identity, exchange, clock },
    recorders: () => [[at.flag, recorder] as const],
  })
  const source = createFleetSource({ ...at, exchange, clock, own: { ...identity, recorder } })
  const controller = createRolloutController({
    ...{ ...at, replica, plan, guards: [errorRate()], clock, source, actor: processId },
    lease: createLease(exchange, 'rollout/production/checkout', {
      ...{ holder: processId, ttlMs: 6_000, clock },
    }),
  })
  const served = { stable: 0, canary: 0 }
  controller.run()
  async function crash(): Promise<void> {
    line.state = 'cut'
    await controller.stop()
    await stopSharing()
    await replica.close()
  }
  return { processId, line, replica, recorder, controller, source, crash, served }
}

type Member = Awaited<ReturnType<typeof join>>

/** Each serves `perSecond` requests a second; the canary's share is what the log says. */
async function serve(
  seconds: number,
  members: readonly Member[],
  { perSecond = 100, canaryErrorsIn = 100 } = {},
): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    for (const member of members) {
      const exposure = member.replica.get('exposure/production/checkout')?.value
      const { rollout = 0 } = (exposure ?? {}) as { rollout?: number }
      for (let n = 0; n < perSecond; n += 1) {
        const arm = n < (rollout * perSecond) / 100 ? 'canary' : 'stable'
        member.served[arm] += 1
        const isError = member.served[arm] % (arm === 'canary' ? canaryErrorsIn : 100) === 0
        member.recorder.record(arm, !isError, 20)
      }
    }
    await clock.advance(1_000)
  }
}

async function actors(action: string): Promise<string[]> {
  return (await store.read(0)).filter((each) => each.action === action).map(({ actor }) => actor)
}

describe('a rollout over several processes', () => {
  it('is judged by the sum of all, in one of them', async () => {
    const members = [await join('a'), await join('b'), await join('c')]
    await members[0]!.controller.start(order)
    await serve(200, members)
    const { state } = members[0]!.controller
    expect(state).toMatchObject({ phase: 'running', stage: 1 })
    expect(await actors('watch')).toHaveLength(1)
    const judged = members.map(({ controller }) => controller.verdicts).filter((v) => v.length > 0)
    expect(judged).toHaveLength(1)
    const seen = judged[0]![0]!.counts
    const served = members.reduce((sum, { recorder }) => {
      const { stable, canary: onTrial } = recorder.read()
      return sum + stable.requests + onTrial.requests
    }, 0)
    // All but what came before the first look, and what is on its way.
    expect(seen.stable.requests + seen.canary.requests).toBeGreaterThan(served - 3 * 4 * 100)
    expect(seen.stable.requests + seen.canary.requests).toBeLessThanOrEqual(served)
  })

  it('goes back in less than half the time that one process alone would need', async () => {
    async function detect(...processIds: string[]): Promise<number> {
      begin()
      const members = await Promise.all(processIds.map(join))
      const { controller } = members.at(-1) as Member
      const { startedAt } = await controller.start(order)
      await serve(120, members, { perSecond: 20, canaryErrorsIn: 5 })
      expect(controller.state).toMatchObject({ rollback: { guard: 'error_rate' } })
      const { rollback } = controller.state as { rollback: { decidedAt: number } }
      return rollback.decidedAt - startedAt
    }
    const aloneMs = await detect('a')
    expect(await detect('a', 'b', 'c', 'd', 'e')).toBeLessThan(aloneMs / 2)
  })

  it('goes on in another process when the one on duty crashes', async () => {
    const members = [await join('a'), await join('b')]
    await members[0]!.controller.start(order)
    await serve(30, members)
    const [onDuty] = await actors('watch')
    const crashed = members.find(({ processId }) => processId === onDuty) as Member
    const left = members.find(({ processId }) => processId !== onDuty) as Member
    await crashed.crash()
    await serve(140, [left])
    expect(await actors('watch')).toEqual([onDuty, left.processId])
    expect(left.controller.state).toMatchObject({ phase: 'running', stage: 1 })
    expect(left.source.processes()).toMatchObject([
      { processId: left.processId, status: 'live' },
      { processId: onDuty, status: 'gone' },
    ])
  })

  it('goes on in another process when the one on duty sees nothing for long', async () => {
    const members = [await join('a'), await join('b')]
    await members[0]!.controller.start(order)
    await serve(30, members)
    const [onDuty] = await actors('watch')
    const blind = members.find(({ processId }) => processId === onDuty) as Member
    const { read } = blind.source
    blind.source.read = () => Promise.reject(new Error('the way to the metrics is shut'))
    await serve(25, members)
    expect(await actors('watch')).toHaveLength(1)
    expect(blind.controller.state).toMatchObject({ phase: 'holding', cause: 'unseen' })
    await serve(50, members)
    expect(await actors('watch')).toHaveLength(2)
    expect(blind.controller.state).toMatchObject({ phase: 'running' })
    blind.source.read = read
  })

  it('holds while the exchange is not to be had, and goes on by itself', async () => {
    const members = [await join('a'), await join('b')]
    await members[0]!.controller.start(order)
    await serve(30, members)
    for (const { line } of members) line.state = 'cut'
    await serve(30, members)
    expect(members[0]!.controller.state).toMatchObject({
      ...{ phase: 'holding', cause: 'unseen', stage: 0 },
      because: expect.stringContaining('the exchange is not to be had'),
    })
    await serve(300, members)
    expect(members[0]!.controller.state).toMatchObject({ phase: 'holding', stage: 0 })
    for (const { line } of members) line.state = 'good'
    await serve(45, members)
    expect(members[0]!.controller.state).toMatchObject({ phase: 'running', stage: 0 })
    await serve(120, members)
    expect(members[0]!.controller.state).toMatchObject({ phase: 'running', stage: 1 })
  })

  it('goes back at a word, in a process that is not on duty and has no exchange', async () => {
    const members = [await join('a'), await join('b')]
    await members[0]!.controller.start(order)
    await serve(10, members)
    const [onDuty] = await actors('watch')
    const idle = members.find(({ processId }) => processId !== onDuty) as Member
    idle.line.state = 'hanging'
    await idle.controller.rollBack({ actor: 'olga', reason: 'looks odd' })
    expect(idle.replica.get('exposure/production/checkout')?.value).toEqual({ rollout: 0 })
  })

  it('survives an exchange that loses everything, without counting anything twice', async () => {
    const members = [await join('a'), await join('b')]
    await members[0]!.controller.start(order)
    await serve(20, members)
    const { exchange } = board
    for (const { key } of await exchange.collect('')) await wipe(exchange, key)
    await serve(20, members)
    const judge = members.find(({ controller }) => controller.verdicts.length > 0) as Member
    const { counts } = judge.controller.verdicts[0]!
    const most = 40 * 2 * 100
    expect(counts.stable.requests + counts.canary.requests).toBeLessThanOrEqual(most)
    expect(counts.stable.requests + counts.canary.requests).toBeGreaterThan(most - 800)
  })
})

function wipe(exchange: Exchange, key: string): Promise<void> {
  return exchange.publish(key, null, 1)
}
