import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readEvidence } from '../evidence/evidence.ts'
import { canary } from '../index.ts'
import { scriptedJudge } from '../testing.ts'
import { createWorld, fail, ops, order, pass } from './controller-world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

const hourMs = 3_600_000
const healthy = scriptedJudge(() => [pass])
/** A soak, as staging has it: one long stage. */
const soak = canary({ stages: [{ rolloutPercent: 100, monitorMs: 2 * hourMs }] })
const evidenceKey = 'evidence/staging/checkout'

async function join(judge = healthy, over: object = {}) {
  return world.join(judge, { environment: 'staging', plan: soak, tickMs: 10_000, ...over })
}

describe('the time for which a stage was observed', () => {
  it('outlives every process that observed it: a soak survives deployments', async () => {
    const first = await join()
    await first.controller.start(order)
    first.controller.run()
    await world.clock.advance(hourMs)
    await first.controller.stop()
    // Nobody looks while the application is being deployed: that time was not observed.
    await world.clock.advance(hourMs)
    const second = await join()
    second.controller.run()
    await world.clock.advance(hourMs / 2)
    await second.controller.stop()
    const third = await join()
    third.controller.run()
    await world.clock.advance(hourMs / 2 - 60_000)
    expect(third.controller.state?.phase).toBe('running')
    await world.clock.advance(5 * 60_000)
    expect(third.controller.state?.phase).toBe('completed')
  })

  it('loses at most the last minute where the process crashes', async () => {
    const first = await join()
    await first.controller.start(order)
    first.controller.run()
    await world.clock.advance(hourMs)
    // It is gone without a word: it only stops looking.
    const { state } = first.controller
    const kept = readEvidence(first.replica.get(evidenceKey)?.value, state as never)
    const observedMs = kept?.observed?.observedMs ?? 0
    expect(observedMs).toBeGreaterThan(hourMs - 80_000)
    expect(observedMs).toBeLessThanOrEqual(hourMs)
  })

  it('is not made longer by a clock that is set forward', async () => {
    let aheadMs = 0
    const clock = { now: () => world.clock.now() + aheadMs, after: world.clock.after }
    const first = await join(healthy, { clock })
    await first.controller.start(order)
    first.controller.run()
    await world.clock.advance(600_000)
    aheadMs = 10 * 365 * 24 * hourMs
    await world.clock.advance(600_000)
    await first.controller.stop()
    const second = await join(healthy, { clock })
    second.controller.run()
    await world.clock.advance(hourMs)
    expect(second.controller.state?.phase).toBe('running')
    await world.clock.advance(hourMs)
    expect(second.controller.state?.phase).toBe('completed')
  })

  it('is of one entry of one stage: put back by hand, it is observed anew', async () => {
    const first = await join()
    await first.controller.start(order)
    first.controller.run()
    await world.clock.advance(1.5 * hourMs)
    const changes = [{ key: 'exposure/staging/checkout', value: { enabled: true, rollout: 10 } }]
    await first.replica.commit({ actor: 'eve', action: 'set', reason: 'by hand', changes })
    await world.clock.advance(60_000)
    await first.controller.resume(ops)
    await first.controller.stop()
    const second = await join()
    second.controller.run()
    await world.clock.advance(1.5 * hourMs)
    expect(second.controller.state?.phase).toBe('running')
    await world.clock.advance(hourMs)
    expect(second.controller.state?.phase).toBe('completed')
  })

  it('does not hand on a share of alpha where the judge has nothing to hand on', async () => {
    for (let process = 0; process < 3; process += 1) {
      const { controller } = await join()
      if (process === 0) await controller.start(order)
      controller.run()
      await world.clock.advance(60_000)
      await controller.stop()
      expect(controller.state?.guardRuns).toBe(process + 1)
    }
  })

  it.each([
    ['nothing', undefined],
    ['below 0', { stage: 0, enteredAt: 0, observedMs: -1 }],
    ['no number', { stage: 0, enteredAt: 0, observedMs: 'x' }],
    ['of another entry', { stage: 0, enteredAt: 1, observedMs: 9e15 }],
    ['of another stage', { stage: 1, enteredAt: 0, observedMs: 9e15 }],
  ])('counts for nothing where the log says %s', async (_name, observed) => {
    const first = await join()
    const { id } = await first.controller.start(order)
    const value = { schema: 1, rollout: id, run: 1, term: 1, at: 0, ...(observed && { observed }) }
    const draft = { actor: 'eve', action: 'edit', reason: 'by hand' }
    await first.replica.commit({ ...draft, changes: [{ key: evidenceKey, value }] })
    await world.clock.advance(3 * hourMs)
    first.controller.run()
    await world.clock.advance(60_000)
    expect(first.controller.state?.phase).toBe('running')
  })

  it('counts for no more than has elapsed by the clock, whatever the log says', async () => {
    const first = await join()
    const { id } = await first.controller.start(order)
    const { enteredAt } = first.controller.state as { enteredAt: number }
    const observed = { stage: 0, enteredAt, observedMs: 2 * hourMs }
    const value = { schema: 1, rollout: id, run: 1, term: 1, at: 0, observed }
    const draft = { actor: 'eve', action: 'edit', reason: 'by hand' }
    await first.replica.commit({ ...draft, changes: [{ key: evidenceKey, value }] })
    first.controller.run()
    await world.clock.advance(hourMs)
    expect(first.controller.state?.phase).toBe('running')
    await world.clock.advance(hourMs + 60_000)
    expect(first.controller.state?.phase).toBe('completed')
  })
})

describe('the last stage of the policy, and the ten minutes beyond 100 percent', () => {
  const plan = canary({
    stages: [{ rolloutPercent: 5, monitorMs: 60_000 }, { rolloutPercent: 100 }],
  })

  async function reachFull(judge = healthy) {
    const { controller } = await join(judge, { plan, tickMs: 1_000 })
    await controller.start(order)
    controller.run()
    await world.clock.advance(62_000)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 1 })
    return controller
  }

  it('are watched to their end before the rollout is complete', async () => {
    const controller = await reachFull()
    const { enteredAt } = controller.state as { enteredAt: number }
    await world.clock.advance(enteredAt + 599_000 - world.clock.now())
    expect(controller.state?.phase).toBe('running')
    await world.clock.advance(3_000)
    expect(controller.state?.phase).toBe('completed')
  })

  it('roll back what fails in the tenth minute', async () => {
    let verdicts = [pass]
    const controller = await reachFull(scriptedJudge(() => verdicts))
    await world.clock.advance(590_000)
    verdicts = [fail]
    await world.clock.advance(1_000)
    expect(controller.state).toMatchObject({ phase: 'verifying', rollback: { fromStage: 1 } })
  })
})
