import type { Clock } from '../clock.ts'
import type { PostgresClient, PostgresPool } from './client.ts'

/** One connection that hears of appends, for as long as somebody watches. */
export interface Listener {
  /** Resolves after the first try to listen, whether or not it succeeded: further ones follow. */
  add(wake: () => void): Promise<() => void>
  close(): void
}

/** What a listener needs. */
export interface ListenOptions {
  readonly pool: PostgresPool
  readonly channel: string
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: () => number
}

/** A connection is held while this lives. */
interface Session {
  readonly firstTry: Promise<void>
  stop(): void
}

/** The first pause before listening anew is up to twice this. */
const pauseMs = 250

/** The longest: a wake-up lost meanwhile is made good by the replica's poll. */
const maxPauseMs = 30_000

/** How long a connection must have held before its loss counts as the first again. */
const healthyMs = 60_000

export function createListener(options: ListenOptions): Listener {
  const wakes = new Set<() => void>()
  let session: Session | undefined

  const wakeAll = () => {
    for (const wake of wakes) wake()
  }

  const remove = (wake: () => void) => {
    wakes.delete(wake)
    if (wakes.size > 0) return
    session?.stop()
    session = undefined
  }

  return {
    async add(wake) {
      // Wrapped, so that the same function may watch twice.
      const entry = () => wake()
      wakes.add(entry)
      session ??= listen(options, wakeAll)
      await session.firstTry
      return () => remove(entry)
    },
    close() {
      wakes.clear()
      session?.stop()
      session = undefined
    },
  }
}

function listen(options: ListenOptions, wakeAll: () => void): Session {
  const { pool, channel, timeoutMs, clock, random } = options
  let client: PostgresClient | undefined
  let isStopped = false
  let failures = 0
  let cancelTimer = () => {}

  async function begin(): Promise<void> {
    let borrowed: PostgresClient | undefined
    try {
      borrowed = await pool.connect()
      if (isStopped) return borrowed.release()
      hold(borrowed)
      await borrowed.query({ text: `LISTEN ${channel}`, query_timeout: timeoutMs })
      if (client !== borrowed) return
      // Hearing of appends is no reason to live, as with any other look in the background.
      borrowed.unref?.()
      // Whatever was appended while nobody listened was not told.
      wakeAll()
    } catch {
      if (borrowed === undefined) retry()
      else lose(borrowed)
    }
  }

  function hold(borrowed: PostgresClient): void {
    client = borrowed
    const since = clock.now()
    const onLoss = () => {
      if (clock.now() - since >= healthyMs) failures = 0
      lose(borrowed)
    }
    // Left in place when it is given back: a dying connection may tell more than once.
    borrowed.on('error', onLoss)
    borrowed.on('end', onLoss)
    borrowed.on('notification', () => {
      if (client === borrowed) wakeAll()
    })
  }

  function lose(borrowed: PostgresClient): void {
    if (client !== borrowed) return
    client = undefined
    borrowed.release(true)
    retry()
  }

  function retry(): void {
    if (isStopped) return
    failures += 1
    const fullMs = Math.min(maxPauseMs, pauseMs * 2 ** Math.min(failures, 30))
    // Half fixed, half random, so that a fleet does not come back in one wave.
    cancelTimer = clock.after(fullMs * (0.5 + random() / 2), () => void begin())
  }

  return {
    firstTry: begin(),
    stop() {
      isStopped = true
      cancelTimer()
      const borrowed = client
      client = undefined
      // Not back to the pool: it would go on to hear.
      borrowed?.release(true)
    },
  }
}
