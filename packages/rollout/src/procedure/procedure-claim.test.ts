import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, order, phasesOf } from './procedure-world.fixture.ts'
import type { Step } from './step.ts'

let world: ReturnType<typeof createWorld>
let calls: string[]
beforeEach(() => {
  world = createWorld()
  calls = []
})
afterEach(() => world.close())

/** A step that takes a minute and a half, whatever its signal says. */
const long: Step = {
  name: 'one',
  async run() {
    calls.push('one')
    await new Promise<void>((resolve) => void world.clock.after(90_000, resolve))
  },
}

describe('a claim', () => {
  it('is not taken from a process that lives by one that is asked again and again', async () => {
    const first = await world.join([long])
    const second = await world.join([long])
    await first.procedure.start(order)
    first.procedure.run()
    second.procedure.run()
    await world.clock.advance(2_000)
    for (let asked = 0; asked < 100; asked += 1) {
      await second.procedure.start(order)
      await world.clock.advance(0)
    }
    expect(second.notices).toEqual([])
    await world.clock.advance(100_000)
    expect(phasesOf(first.procedure)).toBe('succeeded, one done')
    expect(calls).toEqual(['one'])
  })

  it('is not taken by a process that heard nothing of the signs of life, and took its store for reachable', async () => {
    // It reads what was true a while ago, as from a copy that lags.
    let upTo = Number.POSITIVE_INFINITY
    const store = {
      ...world.store,
      async read(after: number, limit?: number) {
        const commits = await world.store.read(after, limit)
        return commits.filter(({ revision }) => revision <= upTo)
      },
      append(commit: Parameters<typeof world.store.append>[0]) {
        upTo = Number.POSITIVE_INFINITY
        return world.store.append(commit)
      },
    }
    const first = await world.join([long])
    await first.procedure.start(order)
    const second = await world.join([long], { store })
    first.procedure.run()
    await world.clock.advance(2_000)
    upTo = second.replica.head.revision
    second.procedure.run()
    await world.clock.advance(70_000)
    expect(second.notices).toEqual([])
    expect(calls).toEqual(['one'])
    await world.clock.advance(30_000)
    expect(phasesOf(first.procedure)).toBe('succeeded, one done')
  })

  it('goes to one of two who take it at the same moment', async () => {
    const [first, second, third] = [
      await world.join([long]),
      await world.join([long]),
      await world.join([long]),
    ]
    await first.procedure.start(order)
    const both = Promise.all([
      second.procedure.resume({ takeOver: true }),
      third.procedure.resume({ takeOver: true }),
    ])
    await world.clock.advance(100_000)
    await both
    expect(calls).toEqual(['one'])
    const taken = (await world.readLog()).filter((line) => line.includes('take_over'))
    expect(taken).toHaveLength(1)
  })
})
