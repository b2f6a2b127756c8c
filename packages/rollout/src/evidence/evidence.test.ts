import { afterEach, describe, expect, it } from 'vitest'
import { createEvidenceWorld, evidenceKey, gather, order } from './evidence-world.ts'

let close = async () => {}
afterEach(() => close())

async function createWorld() {
  const world = await createEvidenceWorld()
  close = world.close
  return world
}

describe('what the guards have seen', () => {
  it('is laid down by a process that stops, and gone on with by the next, as one test', async () => {
    const { join } = await createWorld()
    const first = await join()
    await first.controller.start(order)
    await gather(first)
    const seen = first.evidence()
    expect(seen).toBeGreaterThan(1)
    await first.controller.stop()
    expect(first.kept()).toMatchObject({ run: 1, isReleased: true })

    const next = await join()
    await next.second()
    // The first read only says where counting starts: nothing was won or lost by it.
    expect(next.evidence()).toBe(seen)
    expect(next.controller.state).toMatchObject({ phase: 'running', guardRuns: 1 })
    expect(next.kept()).toMatchObject({ run: 1, term: 2 })
    expect(next.controller.verdicts[0]?.counts.canary.errors).toBe(4)
    expect([...first.errors, ...next.errors]).toEqual([])
  })

  it('is gone on with from the last checkpoint after a crash, at the next share of alpha', async () => {
    const { join } = await createWorld()
    const first = await join({ checkpointMs: 3_000 })
    await first.controller.start(order)
    await gather(first)
    const { checkpoint } = first.kept() ?? {}
    const keptErrors = checkpoint?.guards[0]?.state.numbers[3]
    expect(keptErrors).toBeGreaterThan(0)
    expect(keptErrors).toBeLessThan(5)

    // It never stops: it is gone.
    const next = await join()
    await next.second()
    expect(next.controller.verdicts[0]?.counts.canary.errors).toBe(keptErrors)
    expect(next.controller.state).toMatchObject({ guardRuns: 2 })
    expect(next.kept()).toMatchObject({ run: 2 })
  })

  it('decides over two processes what neither would have decided alone', async () => {
    const { join } = await createWorld()
    const first = await join()
    await first.controller.start(order)
    await first.second()
    let seconds = 0
    for (; first.evidence() < 0.8 * Math.log(100); seconds++) await first.second(1)
    await first.controller.stop()
    const next = await join()
    await next.second()
    let more = 0
    for (; next.controller.state?.phase === 'running'; more++) await next.second(1)
    expect(next.controller.state?.phase).not.toBe('completed')
    expect(more).toBeLessThan(seconds)
    expect(next.controller.state).toMatchObject({ rollback: { guard: 'error_rate' } })
  })

  it('is not written over by the process it was taken from, and counts nothing twice', async () => {
    const { join } = await createWorld()
    const old = await join({ checkpointMs: 1_000 })
    await old.controller.start(order)
    await gather(old)
    const next = await join({ checkpointMs: 1_000 })
    await next.second()
    const { term } = next.kept() ?? {}
    await old.second(1)
    await old.controller.stop()
    expect(next.kept()).toMatchObject({ run: 2, term })
    // In its first seconds what it counts may be in the evidence already.
    for (let count = 0; count < 3; count++) await next.second()
    const { canary } = next.controller.verdicts[0]?.counts ?? {}
    await next.second(1)
    expect(next.controller.verdicts[0]?.counts.canary.errors).toBe((canary?.errors ?? 0) + 1)
  })

  it('that is laid down while another process begins is what that one begins with', async () => {
    const { join } = await createWorld()
    const old = await join()
    await old.controller.start(order)
    await gather(old)
    const seen = old.evidence()
    const next = await join()
    const { commit } = next.replica
    let isFirst = true
    next.replica.commit = async (...args) => {
      if (isFirst) {
        isFirst = false
        await old.controller.stop()
      }
      return commit(...args)
    }
    await next.second()
    expect(next.evidence()).toBe(seen)
    next.replica.commit = commit
  })

  it('is taken back by the larger share it was taken from, once it is laid down', async () => {
    const { join } = await createWorld()
    const old = await join({ checkpointMs: 1_000 })
    await old.controller.start(order)
    await gather(old)
    // While nobody heard of the other, this one acted, too.
    const passing = await join({ checkpointMs: 1_000 })
    await passing.second()
    await passing.controller.stop()
    expect(old.kept()).toMatchObject({ run: 2, isReleased: true })

    await old.second(1)
    await old.second(1)
    expect(old.kept()).toMatchObject({ run: 1 })
    const seen = old.evidence()
    await old.controller.stop()
    const next = await join()
    await next.second()
    expect(next.evidence()).toBe(seen)
    expect(next.controller.state).toMatchObject({ guardRuns: 2 })
    expect(next.kept()).toMatchObject({ run: 1 })
  })

  it('is not taken back by a smaller share', async () => {
    const { join } = await createWorld()
    const [first, lingering, passing] = [
      await join({ checkpointMs: 1_000 }),
      await join({ checkpointMs: 1_000 }),
      await join({ checkpointMs: 1_000 }),
    ]
    await first.controller.start(order)
    for (const each of [first, lingering, passing]) await each.second()
    await passing.controller.stop()
    await first.second(1)
    await first.controller.stop()
    expect(first.kept()).toMatchObject({ run: 1, isReleased: true })
    for (let count = 0; count < 3; count++) await lingering.second()
    expect(first.kept()).toMatchObject({ run: 1, isReleased: true })
  })

  it('that cannot be read costs time, not the rollout', async () => {
    const { join } = await createWorld()
    const first = await join({ checkpointMs: 1_000 })
    await first.controller.start(order)
    await gather(first)
    await first.controller.stop()
    await first.replica.commit({
      ...{ actor: 'eve', action: 'damage', reason: 'a test', environment: 'production' },
      changes: [{ key: evidenceKey, value: { ...(first.kept() as object), checkpoint: { a: 1 } } }],
    })
    const next = await join()
    await next.second()
    expect(next.controller.state).toMatchObject({ phase: 'running', guardRuns: 2 })
    expect(next.controller.verdicts[0]?.counts.canary.requests).toBe(0)
    expect(next.errors).toEqual([])
  })

  it('of a rollout before is none', async () => {
    const { join } = await createWorld()
    const first = await join()
    await first.controller.start(order)
    await gather(first)
    await first.controller.stop()
    const next = await join()
    await next.controller.abort(order)
    await next.controller.start(order)
    await next.second()
    expect(next.controller.verdicts[0]?.counts.canary.requests).toBe(0)
    expect(next.kept()).toMatchObject({ run: 1, term: 1 })
  })

  it('does not keep a process from stopping where the store does not answer', async () => {
    const { join, clock } = await createWorld()
    const first = await join()
    await first.controller.start(order)
    await gather(first)
    const { commit } = first.replica
    first.replica.commit = () => new Promise(() => {})
    const stopped = first.controller.stop()
    await clock.advance(2_000)
    await stopped
    first.replica.commit = commit
    expect(first.errors).toHaveLength(1)
  })
})
