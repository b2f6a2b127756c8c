import { Pool } from 'undici'
import { type OriginHealth, untried } from './ejection.ts'

/** One server of an arm: its connections, how much is under way there, and whether it takes requests. */
export interface Origin {
  /** Scheme, host and port. */
  readonly url: string
  /** Requests under way. */
  readonly pending: number
  health: OriginHealth
  /** Whom the server's certificate must name; undefined without TLS. */
  readonly servername: string | undefined
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
  let retired: Promise<void> | undefined

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
    servername: servernameOf(url, options),
    begin() {
      const opened = pool ?? open()
      pending++
      return opened
    },
    end() {
      pending--
      closeIfIdle()
    },
    retire() {
      isRetired = true
      // One for all who ask while it lasts, which may be often.
      retired ??= new Promise<void>((resolve) => {
        waiting.push(resolve)
      }).then(() => {
        retired = undefined
      })
      const told = retired
      closeIfIdle()
      return told
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

function servernameOf(url: string, { connect }: Pool.Options): string | undefined {
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:') return undefined
  const { servername } = (connect ?? {}) as { servername?: string }
  return servername ?? hostname.replace(/^\[|\]$/g, '')
}
