import { SluiceError } from '@sluice/core'
import type { Clock } from './clock.ts'
import type { Store } from './store.ts'

/** What a replica asks of a store. */
export type FollowedStore = Pick<
  Store,
  'read' | 'append' | 'watch' | 'readSnapshot' | 'writeSnapshot'
>

/** A store whose every call ends. */
export interface PatientStore extends FollowedStore {
  /** Ends the calls that are under way; later ones end at once. */
  giveUp(): void
}

/**
 * Ends calls that a store does not answer in time: behind a connection that swallows everything, a
 * call would wait for ever, and everything after it too.
 *
 * An append that was given up has an open outcome, as any other append whose answer was lost.
 */
export function createPatientStore(store: Store, clock: Clock, limitMs: number): PatientStore {
  const underWay = new Set<(reason: SluiceError) => void>()
  let givenUp: SluiceError | undefined

  function within<T>(what: string, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (givenUp !== undefined) return reject(givenUp)
      const end = (settle: () => void) => {
        underWay.delete(fail)
        cancel()
        settle()
      }
      const fail = (reason: SluiceError) => end(() => reject(reason))
      // Somebody may await the call, so the process lives until it ends.
      const cancel = clock.after(limitMs, () => fail(silent(what, limitMs)), { keepsAlive: true })
      underWay.add(fail)
      call().then(
        (value) => end(() => resolve(value)),
        (reason) => end(() => reject(reason)),
      )
    })
  }

  async function watch(wake: () => void): Promise<() => void> {
    let isWanted = true
    const watching = (async () => {
      const unwatch = await store.watch?.(wake)
      // How a store ends what it began is its own affair: nobody waits for it, or hears of it.
      const stop = () => void (async () => unwatch?.())().catch(() => {})
      // It came too late: whoever asked has gone.
      if (!isWanted) stop()
      return stop
    })()
    try {
      return await within('watch', () => watching)
    } catch (error) {
      isWanted = false
      throw error
    }
  }

  return {
    read: (after, limit) => within('read', async () => store.read(after, limit)),
    append: (commit) => within('append', async () => store.append(commit)),
    readSnapshot: () => within('readSnapshot', async () => store.readSnapshot()),
    writeSnapshot: (snapshot) => within('writeSnapshot', async () => store.writeSnapshot(snapshot)),
    ...(store.watch && { watch }),
    giveUp() {
      givenUp ??= new SluiceError('replica_closed', 'The replica is closed.')
      for (const fail of [...underWay]) fail(givenUp)
    },
  }
}

function silent(what: string, limitMs: number): SluiceError {
  return new SluiceError(
    'store_unreachable',
    `The store did not answer ${what} within ${limitMs} ms. The last known state stays in service.`,
  )
}
