import { SluiceError } from '@sluice/core'
import type { Clock, Commit, Store } from '@sluice/stores'

/** Numbers in [0, 1) from a seed: mulberry32, public domain. */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Holds every operation back until its turn comes; the turns are drawn from the seed. */
export function createScheduler(random: () => number) {
  const waiting: (() => void)[] = []
  return {
    turn: () => new Promise<void>((resolve) => void waiting.push(resolve)),
    /** Lets operations proceed one by one until all the work is done. */
    async drive(work: readonly Promise<unknown>[]): Promise<void> {
      let isDone = false
      const done = Promise.allSettled(work).then(() => {
        isDone = true
      })
      while (!isDone) {
        await settle()
        const [next] = waiting.splice(Math.floor(random() * waiting.length), 1)
        next?.()
      }
      await done
    },
  }
}

/** A tick queued by a promise's callback runs once no promise has anything left to run. */
function settle(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

/** The leanest store there can be, which notes the true time of each commit. */
export function createLog(clock: Clock) {
  const commits: Commit[] = []
  const writtenAt: number[] = []
  const connect = (turn: () => Promise<void>): Store => ({
    async read(after, limit = Number.POSITIVE_INFINITY) {
      await turn()
      return commits.slice(after, after + limit)
    },
    async append(commit) {
      await turn()
      if (commit.revision !== commits.length + 1) throw new SluiceError('conflict', 'Too late.')
      commits.push(commit)
      writtenAt.push(clock.now())
    },
    readSnapshot: async () => undefined,
    writeSnapshot: async () => {},
    close: async () => {},
  })
  return { commits, writtenAt, connect }
}
