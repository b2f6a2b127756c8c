import type { Verdict } from '@sluice/guards'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { createRolloutController } from '../controller/controller.ts'
import { createVerdict, scriptedJudge } from '../evidence/scripted-judge.ts'
import { createBoard } from './exchange.fixture.ts'
import { createLease } from './lease.ts'
import { readRolloutBoard, rolloutLease, verdictsKey } from './rollout-board.ts'
import { shareVerdicts } from './share-verdicts.ts'

const at = { environment: 'production', flag: 'checkout' }
const order = { actor: 'ada', reason: 'a test' }

let clock = createManualClock()
let board = createBoard(clock)
beforeEach(() => {
  clock = createManualClock()
  board = createBoard(clock)
})

async function start(script: () => readonly Verdict[]) {
  const { line, exchange } = board.connect()
  const replica = createReplica({ store: createMemoryStore({ clock }), clock })
  await replica.start()
  const lease = createLease(exchange, rolloutLease(at.environment, at.flag), {
    ...{ holder: 'shop-1', ttlMs: 6_000, clock },
  })
  const judge = scriptedJudge(script)
  const controller = createRolloutController({ ...at, replica, clock, judge, lease })
  shareVerdicts(controller, { ...at, exchange, processId: 'shop-1', clock })
  const { id } = await controller.start(order)
  controller.run()
  return { line, controller, id, look: () => readRolloutBoard(exchange, { ...at, rollout: id }) }
}

describe('shareVerdicts', () => {
  it('tells others, look by look, what the guards say and who looks', async () => {
    let evidence = 0.1
    const { controller, look } = await start(() => [
      createVerdict('inconclusive', { guard: 'error_rate', evidence, secondsToDecision: 40 }),
    ])
    await clock.advance(3_000)
    expect(await look()).toMatchObject({
      onDuty: ['shop-1'],
      said: { processId: 'shop-1', verdicts: [{ guard: 'error_rate', evidence: 0.1 }] },
    })
    evidence = 0.6
    await clock.advance(2_000)
    expect((await look())?.said?.verdicts[0]).toMatchObject({ evidence, secondsToDecision: 40 })
    await controller.stop()
    await clock.advance(17_000)
    expect(await look()).toEqual({ onDuty: [] })
  })

  it('says nothing of another rollout than the one that is asked for', async () => {
    const { controller } = await start(() => [createVerdict('pass')])
    await clock.advance(3_000)
    const { exchange } = board
    const other = await readRolloutBoard(exchange, { ...at, rollout: 'checkout@99' })
    expect(other?.said).toBeUndefined()
    const elsewhere = { environment: 'production', flag: 'check', rollout: 'checkout@1' }
    expect((await readRolloutBoard(exchange, elsewhere))?.said).toBeUndefined()
    await controller.stop()
  })

  it('goes on after an exchange that hung or was away', async () => {
    const { line, controller, look } = await start(() => [createVerdict('pass')])
    line.state = 'hanging'
    await clock.advance(30_000)
    line.state = 'cut'
    await clock.advance(20_000)
    line.state = 'good'
    await clock.advance(20_000)
    expect((await look())?.said?.verdicts).toHaveLength(1)
    await controller.stop()
  })
})

describe('readRolloutBoard', () => {
  it('leaves out what cannot be read', async () => {
    const key = verdictsKey('production', 'checkout', 'eve')
    const odd = [
      null,
      7,
      {},
      { version: 1, rollout: 'checkout@1', processId: 'eve', verdicts: [3] },
    ]
    for (const value of odd) {
      await board.exchange.publish(key, value, 10_000)
      const read = await readRolloutBoard(board.exchange, { ...at, rollout: 'checkout@1' })
      expect(read).toEqual({ onDuty: [] })
    }
  })

  it('knows nothing where the store has no exchange, and says so where it is away', async () => {
    const { line, exchange } = board.connect()
    line.state = 'unsupported'
    expect(await readRolloutBoard(exchange, { ...at, rollout: 'a@1' })).toBeUndefined()
    line.state = 'cut'
    await expect(readRolloutBoard(exchange, { ...at, rollout: 'a@1' })).rejects.toThrow(
      'not to be had',
    )
  })
})
