import type { Pool } from 'undici'
import { isOpen } from './ejection.ts'
import { createOrigin, type Origin } from './origin.ts'

/** The origins of one arm. */
export interface Arm {
  readonly name: string
  readonly origins: readonly Origin[]
  /** The open origin with the least under way that was not tried; undefined where there is none. */
  choose(now: number, tried?: readonly Origin[]): Origin | undefined
  /** The same, open or not: for when there is nothing better. */
  chooseAny(): Origin
  /** Whether another origin than this one is open. */
  hasOthers(origin: Origin, now: number): boolean
  /** Those that are no longer named retire, those that are new begin. */
  setOrigins(urls: readonly string[]): void
  /** Resolves when nothing is under way, on origins that are gone either. */
  retire(): Promise<void>
  revive(): void
  /** Breaks off what is under way, on origins that are gone too. */
  destroy(error: Error | null): Promise<void>
}

/** @param urls Checked: at least one. */
export function createArm(
  name: string,
  urls: readonly string[],
  options: Pool.Options,
  onPool: (pool: Pool) => void,
): Arm {
  let origins = urls.map((url) => createOrigin(url, options, onPool))
  let isRetired = false
  /** Those that are gone, until what is under way there has ended. */
  const leaving = new Set<Origin>()
  /** Where the search begins: among equals, the turn goes round. */
  let turn = 0

  function least(accepts: (origin: Origin) => boolean): Origin | undefined {
    const { length } = origins
    turn = (turn + 1) % length
    let found: Origin | undefined
    for (let step = 0; step < length; step++) {
      const origin = origins[(turn + step) % length]!
      if ((found === undefined || origin.pending < found.pending) && accepts(origin)) found = origin
    }
    return found
  }

  return {
    name,
    get origins() {
      return origins
    },
    choose: (now, tried) =>
      least((origin) => isOpen(origin.health, now) && tried?.includes(origin) !== true),
    chooseAny: () => least(() => true)!,
    hasOthers: (origin, now) =>
      origins.some((other) => other !== origin && isOpen(other.health, now)),
    setOrigins(next) {
      const gone = origins.filter(({ url }) => !next.includes(url))
      origins = next.map(
        (url) => origins.find((origin) => origin.url === url) ?? createOrigin(url, options, onPool),
      )
      for (const origin of gone) {
        leaving.add(origin)
        void origin.retire().then(() => leaving.delete(origin))
      }
      if (isRetired) for (const origin of origins) void origin.retire()
    },
    async retire() {
      isRetired = true
      await Promise.all([...origins, ...leaving].map((origin) => origin.retire()))
    },
    revive() {
      isRetired = false
      for (const origin of origins) origin.revive()
    },
    async destroy(error) {
      isRetired = true
      await Promise.all([...origins, ...leaving].map((origin) => origin.destroy(error)))
    },
  }
}
