import { describe, expect, it } from 'vitest'
import { isProcedureOver } from '../procedure/state.ts'
import { rolling } from './plan.ts'
import { createRollingWorld, ops, order } from './rolling-world.fixture.ts'

const start = { ...order, version: 'v2', from: 'v1' }
const stories = ['good', 'bad', 'by hand', 'in pairs'] as const

/** One update whose process dies after its n-th effect; another process is there, and carries on. */
async function play(story: (typeof stories)[number], dieAfter: number) {
  const world = createRollingWorld()
  if (story === 'bad') world.sick.add('c v2')
  const pairs = rolling({ batch: 2, maxUnavailable: 2, healthTimeoutMs: 5_000, settleMs: 2_000 })
  const more = { instances: ['a', 'b', 'c'], ...(story === 'in pairs' ? { plan: pairs } : {}) }
  const first = await world.join(dieAfter, more)
  const { update } = await world.join(undefined, more)
  void first.update.start(start).then(() => first.update.run())
  await world.clock.advance(1_000)
  // Where it died before anything was written, a person says it again.
  await update.start(start)
  update.run()
  if (story === 'by hand') {
    await world.until(() => world.calls.includes('back b v2'))
    await update.rollBack(ops)
  }
  await world.until(() => update.state !== undefined && isProcedureOver(update.state))
  const end = {
    phase: update.state?.phase,
    runs: { ...world.runs },
    out: [...world.out],
    instances: update.instances,
  }
  const { mostOut, calls } = world
  await world.close()
  return { end, mostOut, effects: first.effects, calls }
}

describe.each(stories)('a process that dies: %s', (story) => {
  it('after whichever effect, leaves an update that ends as without it', async () => {
    const undisturbed = await play(story, Number.POSITIVE_INFINITY)
    const isBack = story === 'bad' || story === 'by hand'
    expect(undisturbed.end.phase).toBe(isBack ? 'undone' : 'succeeded')
    expect(undisturbed.end.runs.a).toBe(isBack ? 'v1' : 'v2')
    expect(undisturbed.effects).toBeGreaterThan(20)
    for (let dieAfter = 1; dieAfter <= undisturbed.effects; dieAfter += 1) {
      const { end, mostOut, calls } = await play(story, dieAfter)
      expect({ dieAfter, ...end }).toEqual({ dieAfter, ...undisturbed.end })
      expect(mostOut).toBeLessThanOrEqual(story === 'in pairs' ? 2 : 1)
      // What was done is not done again, but for the one that was in doubt.
      const doubled = calls.filter((call, at) => calls.indexOf(call) !== at)
      expect(new Set(doubled.map((call) => call.split(' ')[1])).size).toBeLessThanOrEqual(
        story === 'in pairs' ? 2 : story === 'good' ? 1 : 4,
      )
    }
  })
})
