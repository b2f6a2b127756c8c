import type { SluiceError } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualClock } from './manual-clock.ts'
import { createMemoryStore } from './memory.ts'
import { set } from './replica.fixture.ts'
import { createReplica } from './replica.ts'
import type { Store } from './store.ts'
import { verifyLog } from './verify-log.ts'

describe('replicas on a store whose calls are delayed, reordered and fail in the middle', () => {
  it('lose no update, double none and acknowledge none wrongly', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fc.nat(99)),
        fc.integer({ min: 2, max: 4 }),
        async (dice, count) => {
          const memory = createMemoryStore()
          const clock = createManualClock()
          const roll = () => dice.next().value
          const store = createFlakyStore(memory, roll)
          let acknowledged = 0
          let unknown = 0
          let refused = 0
          const raise = async (index: number) => {
            const replica = createReplica({ store, clock, random: () => roll() / 100 })
            for (let turn = 0; turn < 6; turn += 1) {
              try {
                await replica.refresh()
                const value = (replica.get('n')?.value ?? 0) as number
                await replica.commit(set('n', value + 1, `w${index}`))
                acknowledged += 1
              } catch (error) {
                if ((error as SluiceError).code === 'outcome_unknown') unknown += 1
                else refused += 1
              }
            }
            await replica.close()
          }
          const done = Promise.all(Array.from({ length: count }, (_, index) => raise(index)))
          let isDone = false
          done.then(() => {
            isDone = true
          })
          while (!isDone) await clock.advance(100)
          await done

          const commits = await memory.read(0)
          expect(await verifyLog(commits)).toMatchObject({ ok: true })
          const values = commits.map((commit) => commit.changes[0]?.value)
          expect(values).toEqual(values.map((_, index) => index + 1))
          expect(commits.length).toBeGreaterThanOrEqual(acknowledged)
          expect(commits.length).toBeLessThanOrEqual(acknowledged + unknown)
          expect(acknowledged + unknown + refused).toBe(6 * count)
        },
      ),
      { numRuns: process.env.SLUICE_LONG ? 2_000 : 60 },
    )
  })
})

/** Delays each call by some turns, and fails some before and some after they took effect. */
function createFlakyStore(memory: Store, roll: () => number): Store {
  const stutter = async () => {
    for (let turns = roll() % 8; turns > 0; turns -= 1) await Promise.resolve()
  }
  const disturb = async <T>(call: () => Promise<T>): Promise<T> => {
    await stutter()
    if (roll() < 10) throw new Error('lost on the way there')
    const result = await call()
    await stutter()
    if (roll() < 10) throw new Error('lost on the way back')
    return result
  }
  return {
    read: (after, limit) => disturb(() => memory.read(after, limit)),
    append: (commit) => disturb(() => memory.append(commit)),
    readSnapshot: () => disturb(() => memory.readSnapshot()),
    writeSnapshot: (snapshot) => disturb(() => memory.writeSnapshot(snapshot)),
    close: () => memory.close(),
  }
}
