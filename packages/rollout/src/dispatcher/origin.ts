import { Pool } from 'undici'
import { type OriginHealth, untried } from './ejection.ts'

/** One server of an arm: its connections, how much is under way there, and whether it takes requests. */
export interface Origin {
  /** Scheme, host and port. */
  readonly url: string
  /** Requests under way. */
  readonly pending: number
  health: OriginHealth
  /** Counts a request in; the pool it goes to. A pool that was closed is opened anew. */
  begin(): Pool
  /** Counts a request out. */
  end(): void
  /** Lets what is under way end, then closes every connection; resolves when they are. */
  retire(): Promise<void>
  /** It is used again. */
  revive(): void
  /** Breaks off what is under way. */
  destroy(error: Error | null): Promise<void>
}

/** @param onPool Told of each pool, to listen to it. */
export function createOrigin(
  url: string,
  options: Pool.Options,
  onPool: (pool: Pool) => void,
): Origin {
  let pool: Pool | undefined
  let pending = 0
  let isRetired = false
  /** Whoever waits for the end of what is under way. */
  let waiting: (() => void)[] = []

  function open(): Pool {
    pool = new Pool(url, options)
    onPool(pool)
    return pool
  }

  function closeIfIdle(): void {
    if (!isRetired || pending > 0) return
    const closed = pool?.close() ?? Promise.resolve()
    pool = undefined
    const told = waiting
    waiting = []
    void closed.then(() => {
      for (const tell of told) tell()
    })
  }

  return {
    url,
    get pending() {
      return pending
    },
    health: untried,
    begin() {
      pending++
      return pool ?? open()
    },
    end() {
      pending--
      closeIfIdle()
    },
    retire() {
      isRetired = true
      return new Promise((resolve) => {
        waiting.push(resolve)
        closeIfIdle()
      })
    },
    revive() {
      isRetired = false
    },
    async destroy(error) {
      isRetired = true
      const broken = pool
      pool = undefined
      await broken?.destroy(error)
    },
  }
}
