import type {
  EvaluationContext,
  FlagDefinitions,
  Json,
  KeyOf,
  SluiceError,
  ValueOf,
} from '@sluice/core'
import type { Clock } from '@sluice/stores'
import type { AnswerSheet } from '../answer-sheet.ts'
import type { Fetch, SourceClass } from './platform.ts'
import type { BrowserAnswer, Snapshot } from './snapshot.ts'

/** Where a page's answers come from. */
export interface BrowserFlagsOptions {
  /** The sheet that was rendered into the page: the first answers are the server's. */
  readonly answers?: AnswerSheet | undefined
  /** Where `answersHandler` listens: a path or URL. Without it the answers stay as they are. */
  readonly url?: string | undefined
  /**
   * Who is asking, as far as the page says so: it is sent in the URL, and the server's `contextOf` decides what it
   * believes of it. Leave it out where a cookie says who is asking. At most 6,000 characters of JSON, as a URL encodes it.
   */
  readonly context?: EvaluationContext
  /**
   * Keeps the last sheet in `localStorage`, for a start without the server. It is used only for whom it was made: it
   * must name the `targetingKey` that `context` has, or none as well. Default false.
   */
  readonly cache?: boolean
  /** Sends cookies to another origin, too. Default false. */
  readonly withCredentials?: boolean
  /** Whether it follows the server from the start; else once `connect` is called. Default true in a page. */
  readonly isConnected?: boolean
  /** The pause between two looks where there is no stream, in ms. Default 30,000. */
  readonly pollMs?: number
  /** A page that is hidden for so long lets go of its stream until it is seen again, in ms. Default 30,000. */
  readonly hiddenMs?: number
  /** Default: the page's. */
  readonly fetch?: Fetch | undefined
  /** The class. Default: the page's; `undefined` polls. */
  readonly eventSource?: SourceClass | undefined
  /** Default: the page's timers. */
  readonly clock?: Clock
  /** Spreads reconnects; in [0, 1). Default `Math.random`. */
  readonly random?: () => number
}

/** How good a page's answers are. */
export type BrowserFlagsStatus =
  /** None yet: readers give their fallbacks. */
  | 'empty'
  /** Those rendered into the page. */
  | 'bootstrap'
  /** The server's, as of now. */
  | 'live'
  /** The last good ones: the server is away, or they come from the cache. */
  | 'stale'

/** What is told, and with which argument. */
export interface BrowserFlagsEvents {
  /** Flags whose answers differ from now on; none where another user has the same answers. */
  change: (keys: readonly string[]) => void
  status: (status: BrowserFlagsStatus) => void
  /** Something failed; the last good answers stay. */
  error: (error: SluiceError) => void
}

/** The answers of one user in a page. No reader ever throws. */
export interface BrowserFlags<D extends FlagDefinitions = FlagDefinitions> {
  readonly status: BrowserFlagsStatus
  /** Whether a boolean flag is on. Unknown flags and errors are off. */
  isEnabled(key: KeyOf<D>): boolean
  /** The value of a boolean flag, or the fallback on an error or another type. */
  boolean(key: KeyOf<D>, fallback: boolean): boolean
  /** The value of a string flag, or the fallback where it has none, on an error or another type. */
  string(key: KeyOf<D>, fallback: string): string
  /** The value of a number flag, or the fallback, as for strings. */
  number(key: KeyOf<D>, fallback: number): number
  /** The value of an object or list flag, or the fallback, as for strings. Frozen. */
  object<T extends Json>(key: KeyOf<D>, fallback: T): Json | T
  /** The answer with variant, reason and error: the same object until it changes. */
  evaluate<K extends KeyOf<D>>(
    key: K,
  ): BrowserAnswer & { readonly value: ValueOf<D[K]> | undefined }
  /** The values of all flags that have one: the same object until one changes. */
  all(): { readonly [K in KeyOf<D>]?: ValueOf<D[K]> }
  /**
   * Asks for another user's answers, or the same one's once more: call it after each login and logout. Until they are
   * here, the old ones stay.
   *
   * @param context Sent as `context` is. Without it the cookie alone says who is asking.
   * @throws SluiceError where no answers came (`answers_unreachable`, `answers_unauthorized`, `answers_unreadable`,
   * `invalid_context`). Answers of another user are gone then: readers give their fallbacks until the server is back.
   */
  setContext(context?: EvaluationContext): Promise<void>
  /**
   * Counts a business event, a purchase say, for the guards of the rollouts under way: the server counts it under the
   * arm that it chooses for this user. It must be named in the `events` of `answersHandler`. Never throws; what could not be
   * counted is told as `error`, with code `events_lost`.
   *
   * @param value At least 0, where it has one.
   */
  track(name: string, value?: number): void
  /** Follows the server until the answered function is called, or all of them where it is called several times. */
  connect(): () => void
  /** Listens to an event; answers a function that stops it. */
  on<Name extends keyof BrowserFlagsEvents>(
    name: Name,
    listener: BrowserFlagsEvents[Name],
  ): () => void
  /** Hears of each change of an answer: for stores such as React's `useSyncExternalStore`. */
  subscribe(listener: () => void): () => void
  /** All answers now: the same object until one changes. */
  getSnapshot(): Snapshot
  /** The answers that were rendered into the page: what the server's HTML was made of. */
  getServerSnapshot(): Snapshot
  /** Stops following for good. Readers go on with the last answers. */
  close(): void
}
