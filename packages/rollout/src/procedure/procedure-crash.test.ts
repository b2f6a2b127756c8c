import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { createProcedure } from './create-procedure.ts'
import { createMortal, type Mortal } from './mortal.fixture.ts'
import { order, phasesOf } from './procedure-world.fixture.ts'
import { type Step, waitFor } from './step.ts'

/** What the steps did outside the log. */
interface Outside {
  /** How often each function was called. */
  readonly calls: Map<string, number>
  /** What an idempotent receiver holds, by key. */
  readonly held: Map<string, string>
}

interface Scenario {
  readonly name: string
  readonly phase: string
  readonly held: readonly string[]
  /** The third step: it never works where the story is about going back. */
  readonly isBroken: boolean
  /** How many undos of the second step fail first. */
  readonly lockedUndos: number
}

const scenarios: readonly Scenario[] = [
  {
    ...{ name: 'that succeeds', phase: 'succeeded, one done, two done, three done' },
    ...{ held: ['p1/one', 'p1/three', 'p1/two'], isBroken: false, lockedUndos: 0 },
  },
  {
    ...{ name: 'that goes back', phase: 'undone, one undone, two undone, three undone' },
    ...{ held: [], isBroken: true, lockedUndos: 0 },
  },
  {
    ...{ name: 'whose undo fails first', phase: 'undone, one undone, two undone, three undone' },
    ...{ held: [], isBroken: true, lockedUndos: 2 },
  },
]

function stepsOf({ calls, held }: Outside, mortal: Mortal, story: Scenario): Step[] {
  const touch = (name: string, work: () => void) =>
    mortal.effect(() => {
      calls.set(name, (calls.get(name) ?? 0) + 1)
      work()
    })
  const step = (name: string, more: Partial<Step> = {}): Step => ({
    name,
    async run({ idempotencyKey }) {
      await touch(name, () => void held.set(idempotencyKey, name))
    },
    async undo({ idempotencyKey }) {
      await touch(`undo ${name}`, () => void held.delete(idempotencyKey))
    },
    ...more,
  })
  return [
    step('one', { isDone: async ({ idempotencyKey }) => held.has(idempotencyKey) }),
    step('two', {
      async run({ idempotencyKey, memo }) {
        if (memo === undefined) return waitFor(5_000, 'a moment', 'seen')
        await touch('two', () => void held.set(idempotencyKey, 'two'))
        return { from: 'two' }
      },
      async undo({ idempotencyKey }) {
        await touch('undo two', () => {
          if ((calls.get('undo two') ?? 0) <= story.lockedUndos) throw new Error('locked')
          held.delete(idempotencyKey)
        })
      },
      undoRetries: 5,
    }),
    step('three', {
      retries: 1,
      async run({ idempotencyKey }) {
        await touch('three', () => void held.set(idempotencyKey, 'three'))
        if (story.isBroken) throw new Error('bad')
      },
    }),
  ]
}

/** Lets a process die at its n-th effect, and another one go on. */
async function play(story: Scenario, dieAt: number, when: 'before' | 'after') {
  const clock = createManualClock()
  const store = createMemoryStore()
  const outside: Outside = { calls: new Map(), held: new Map() }

  async function live(mortal: Mortal, processId: string) {
    const own = mortal.clock(clock)
    const replica = createReplica({ store: mortal.store(store), clock: own })
    await replica.start()
    const procedure = createProcedure({
      ...{ replica, key: 'procedure/p1', environment: 'production', clock: own, processId },
      steps: stepsOf(outside, mortal, story),
    })
    procedure.run()
    return { replica, procedure }
  }

  const mortal = createMortal(dieAt, when)
  const first = await live(mortal, 'first')
  void first.procedure.start(order).catch(() => {})
  await clock.advance(40_000)
  if (!mortal.isDead()) {
    await first.procedure.stop()
    await first.replica.close()
    return {
      hasDied: false,
      outside,
      shown: phasesOf(first.procedure),
      commits: await store.read(0),
    }
  }
  const second = await live(createMortal(Number.POSITIVE_INFINITY, 'before'), 'second')
  await second.replica.ready()
  if (second.procedure.state === undefined) await second.procedure.start(order)
  await clock.advance(120_000)
  await second.procedure.stop()
  await second.replica.close()
  const commits = await store.read(0)
  return { hasDied: true, outside, shown: phasesOf(second.procedure), commits }
}

describe.each(scenarios)('a procedure $name', (story) => {
  it.each(['before', 'after'] as const)(
    'ends the same where its process dies right %s any single effect',
    async (when) => {
      let deaths = 0
      for (let dieAt = 1; ; dieAt += 1) {
        const { hasDied, outside, shown, commits } = await play(story, dieAt, when)
        const where = `died ${when} effect ${dieAt}`
        expect(shown, where).toBe(story.phase)
        // An idempotent receiver holds each effect once, and none that was undone.
        expect([...outside.held.keys()].sort(), where).toEqual(story.held)
        const limit = hasDied ? 1 : 0
        for (const [name, count] of outside.calls) {
          const least =
            name === 'undo two' ? story.lockedUndos + 1 : name === 'three' && story.isBroken ? 2 : 1
          expect(count, `${name}, ${where}`).toBeGreaterThanOrEqual(name === 'three' ? 1 : least)
          expect(count, `${name}, ${where}`).toBeLessThanOrEqual(least + limit)
        }
        const ends = commits.filter(({ action }) => action === 'end_step' || action === 'end_undo')
        const texts = ends.map(({ reason }) => reason)
        expect(new Set(texts).size, where).toBe(texts.length)
        if (!hasDied) break
        deaths += 1
      }
      // One for each commit and each call of a function.
      expect(deaths).toBeGreaterThan(10)
    },
  )
})
