import { isSluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { within } from './deadline.ts'

/** How well flags can be served, in the three states that OpenFeature has for it. */
export type Standing = 'ready' | 'stale' | 'error'

/** What is asked of flags, whichever they are, to keep OpenFeature informed of them. */
export interface Followed {
  /** How they stand now. */
  standing(): Standing
  /** Waits until they are ready, in ms at most. What it throws is why they are not. */
  ready(timeoutMs: number): Promise<unknown>
  /** Listens; answers a function that stops it. */
  follow(listener: Following): () => void
  close(): Promise<void>
}

/** What is heard of flags. */
export interface Following {
  /** They may stand otherwise now. */
  readonly standing: () => void
  /** Flags whose answers may differ now. */
  readonly change: (keys: readonly string[]) => void
  /** Something failed: why they stand as they will. */
  readonly trouble: (message: string) => void
}

/** What a session tells once it has begun. */
export interface SessionEvents {
  standing(standing: Standing, message: string | undefined): void
  change(keys: readonly string[]): void
}

/** Flags, or a function that opens them. */
export type Source<Flags extends object> = Flags | (() => Flags | Promise<Flags>)

/** From `initialize` to `onClose`: the flags that are served meanwhile. */
export interface Session<Flags> {
  /** Undefined until they are open. */
  readonly flags: Flags | undefined
  /**
   * Opens the flags and waits until they are ready, for as long as it may. Flags that by then know only something older, a
   * cache or the definitions, are begun with.
   *
   * Whoever is refused may be told better later: the flags go on being opened and followed. To begin twice is to begin
   * once: one provider may be registered in several places.
   *
   * @throws SessionError Where there is nothing to serve by then, or opening failed.
   */
  begin(): Promise<void>
  /** Tells how the flags stand, where that is not what was told last. */
  tell(): void
  /** Stops following the flags, and closes those that it opened. */
  end(): Promise<void>
}

/** Why a session does not begin. */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  /** Whether trying again cannot mend it: a definition is refused, say. */
  readonly isFatal: boolean

  constructor(message: string, isFatal: boolean, cause?: unknown) {
    super(message, { cause })
    this.isFatal = isFatal
  }
}

/** How a session is made. */
export interface SessionOptions<Flags extends object> {
  readonly source: Source<Flags>
  /** Where flags cannot change, there is nothing to follow. */
  readonly followed: (flags: Flags) => Followed | undefined
  readonly timeoutMs: number
  readonly clock: Clock
  readonly events: SessionEvents
}

/** Makes a session, which has not begun. */
export function createSession<Flags extends object>(
  options: SessionOptions<Flags>,
): Session<Flags> {
  const { source, timeoutMs, clock, events } = options
  const isOpener = typeof source === 'function'
  let flags = isOpener ? undefined : (source as Flags)
  let followed: Followed | undefined
  let stop = () => {}
  let told: Standing | undefined
  let trouble: string | undefined
  let isEnded = false
  let begun: Promise<void> | undefined

  async function open(): Promise<void> {
    const opened = isOpener ? await source() : (source as Flags)
    followed = options.followed(opened)
    if (isEnded) return close()
    flags = opened
    stop =
      followed?.follow({
        // A client says that it lost the store before it says why.
        standing: () => queueMicrotask(tell),
        change: (keys) => told && events.change(keys),
        trouble(message) {
          trouble = message
        },
      }) ?? stop
  }

  async function start(): Promise<void> {
    const until = clock.now() + timeoutMs
    const opening = open()
    try {
      await within(opening, timeoutMs, clock)
    } catch (cause) {
      throw openingFailed(cause)
    }
    // A clock that was set back meanwhile leaves no more time than there was.
    const leftMs = Math.min(timeoutMs, Math.max(0, until - clock.now()))
    try {
      if (followed !== undefined) await within(followed.ready(leftMs), leftMs, clock)
    } catch (cause) {
      trouble = textOf(cause)
    }
    const isServing = standing() !== 'error'
    told = isServing ? 'ready' : 'error'
    if (isServing) return
    // Flags that open later are told of then, and so is why they never will.
    opening.then(tell, (cause) => {
      if (!isEnded) events.standing('error', openingFailed(cause).message)
    })
    throw tooLate(timeoutMs, trouble)
  }

  function standing(): Standing {
    return flags === undefined ? 'error' : (followed?.standing() ?? 'ready')
  }

  function tell(): void {
    const now = standing()
    if (told === undefined || told === now || isEnded) return
    told = now
    events.standing(now, now === 'ready' ? undefined : trouble)
  }

  async function close(): Promise<void> {
    if (isOpener) await followed?.close()
  }

  return {
    get flags() {
      return flags
    },
    begin() {
      begun ??= start()
      return begun
    },
    tell,
    async end() {
      isEnded = true
      stop()
      await close()
    },
  }
}

function tooLate(timeoutMs: number, trouble: string | undefined): SessionError {
  const why = trouble === undefined ? '' : ` ${trouble}`
  return new SessionError(
    `No flags came within ${timeoutMs} ms, and nothing older is known.${why} They are served as soon as they come.`,
    false,
  )
}

function openingFailed(cause: unknown): SessionError {
  // What Sluice refuses it refuses the next time too, unless it only could not reach something.
  const isFatal = isSluiceError(cause) && !/_unreachable$/.test(cause.code)
  return new SessionError(`The flags could not be opened: ${textOf(cause)}`, isFatal, cause)
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
