import type { Clock } from '../clock.ts'
import { heartbeatMs } from '../http/wire.ts'
import type { Store } from '../store.ts'

/** Shares one watch of a store among event streams. */
export interface EventHub {
  /** A new event stream. It begins when the store is watched, so that no later commit is missed. */
  open(): Promise<ReadableStream<Uint8Array>>
  /** Tells every stream that there may be something new. */
  wake(): void
  /** Begins a new watch at the next heartbeat: the present one may not have outlived an outage. */
  doubt(): void
  /** Ends every stream. */
  close(): void
}

/** How long a stream waits for the store's watch. */
const patienceMs = 5_000

const encode = (text: string) => new TextEncoder().encode(text)
const welcome = encode(': welcome\n\n')
const heartbeat = encode(': heartbeat\n\n')
const wakeUp = encode('data: wake\n\n')

export function createEventHub(store: Pick<Store, 'watch'>, clock: Clock): EventHub {
  const streams = new Set<EventStream>()
  let watching: Promise<() => void> | undefined
  let cancelBeat = () => {}

  function wake(): void {
    for (const stream of streams) stream.wake()
  }

  async function watch(): Promise<void> {
    watching ??= store.watch?.(wake)
    const begun = watching
    try {
      await begun
    } catch {
      // The next heartbeat tries again; meanwhile readers poll.
      if (watching === begun) watching = undefined
    }
  }

  /** A store that does not answer must not hold streams back: they have their heartbeats. */
  function watchSoon(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(patienceMs, resolve)
      void watch().then(() => {
        cancel()
        resolve()
      })
    })
  }

  function unwatch(): void {
    watching?.then(
      (stop) => stop(),
      () => {},
    )
    watching = undefined
  }

  function beat(): void {
    cancelBeat = clock.after(heartbeatMs, beat)
    void watch()
    for (const stream of streams) stream.beat()
  }

  function leave(stream: EventStream): void {
    if (!streams.delete(stream) || streams.size > 0) return
    cancelBeat()
    unwatch()
  }

  return {
    async open() {
      const stream = createEventStream(() => leave(stream))
      if (streams.size === 0) cancelBeat = clock.after(heartbeatMs, beat)
      streams.add(stream)
      await watchSoon()
      return stream.readable
    },
    wake,
    doubt: unwatch,
    close() {
      for (const stream of [...streams]) {
        leave(stream)
        stream.end()
      }
    },
  }
}

interface EventStream {
  readonly readable: ReadableStream<Uint8Array>
  wake(): void
  beat(): void
  end(): void
}

/** A stream that holds one text at most: a reader that is slow is owed one wake-up, not many. */
function createEventStream(onLeave: () => void): EventStream {
  let isOwed = false
  let controller!: ReadableStreamDefaultController<Uint8Array>
  const hasRoom = () => (controller.desiredSize ?? 0) > 0
  const readable = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given
        controller.enqueue(welcome)
      },
      pull() {
        if (!isOwed) return
        isOwed = false
        controller.enqueue(wakeUp)
      },
      cancel: onLeave,
    },
    { highWaterMark: 1 },
  )
  return {
    readable,
    wake() {
      if (hasRoom()) controller.enqueue(wakeUp)
      else isOwed = true
    },
    beat() {
      if (hasRoom()) controller.enqueue(heartbeat)
    },
    end: () => controller.close(),
  }
}
