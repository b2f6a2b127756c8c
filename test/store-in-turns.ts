import type { Store } from '@sluice/stores'
import type { Turn } from './every-order.ts'

/** A process's way to a store that others share: each read and each append waits for its turn. */
export function storeInTurns(store: Store, turn: Turn): Store {
  return {
    async read(after, limit) {
      await turn('read')
      return store.read(after, limit)
    },
    async append(commit) {
      await turn('append')
      return store.append(commit)
    },
    readSnapshot: store.readSnapshot,
    writeSnapshot: store.writeSnapshot,
    close: store.close,
  }
}
