import type { Storage } from './platform.ts'

/** The last sheet of an address, kept by the browser. A storage that refuses is as good as none. */
export interface SheetCache {
  /** @returns a sheet for that user; undefined where there is none, or one of another user. */
  read(targetingKey: string | undefined): unknown
  write(sheet: unknown): void
  clear(): void
}

/** @param getStorage Reading `localStorage` may throw by itself, where cookies are blocked. */
export function createSheetCache(url: string, getStorage: () => Storage | undefined): SheetCache {
  const key = `sluice:${url}`

  function attempt<T>(use: (storage: Storage) => T): T | undefined {
    try {
      const storage = getStorage()
      return storage && use(storage)
    } catch {
      return undefined
    }
  }

  const clear = () => void attempt((storage) => storage.removeItem(key))

  return {
    read: (targetingKey) =>
      attempt((storage) => {
        const sheet = JSON.parse(storage.getItem(key) ?? 'null') as { targetingKey?: unknown }
        return sheet?.targetingKey === targetingKey ? sheet : undefined
      }),
    write(sheet) {
      // A full storage keeps no sheet, rather than one that was right some time ago.
      clear()
      attempt((storage) => storage.setItem(key, JSON.stringify(sheet)))
    },
    clear,
  }
}
