import type { Replica } from '@sluice/stores'
import { expect } from 'vitest'
import { until } from './until.ts'

/** How many commits are to be acknowledged before the kill. */
const enough = 40

/**
 * Lets replicas write as fast as they can until their server is killed.
 *
 * @param acknowledged Takes in the hash of each acknowledged commit, by its revision.
 * @returns when the kill is done and every write has ended.
 */
export async function writeUntilKilled(
  replicas: readonly Replica[],
  acknowledged: Map<number, string>,
  kill: () => Promise<void>,
): Promise<void> {
  const before = acknowledged.size
  let isDown = false
  const writing = replicas.map(async (replica, writer) => {
    for (let count = 0; !isDown; count += 1) {
      const changes = [{ key: `writer/${writer}`, value: count }]
      const draft = { actor: 'ann', action: 'count', reason: 'to be killed', changes }
      try {
        const { revision, hash } = await replica.commit(draft)
        expect(acknowledged.has(revision), 'one position, two writers').toBe(false)
        acknowledged.set(revision, hash)
      } catch (error) {
        expect(isDown, String(error)).toBe(true)
      }
    }
  })
  await until(() => acknowledged.size >= before + enough)
  const killing = kill()
  isDown = true
  await killing
  await Promise.all(writing)
}
