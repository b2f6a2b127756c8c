import type { Clock } from '@sluice/stores'

/** What is used of an event of `EventSource`. */
export interface SourceEvent {
  readonly data?: unknown
  readonly lastEventId?: string
}

/** What is used of an `EventSource`. */
export interface Source {
  addEventListener(type: string, listener: (event: SourceEvent) => void): void
  close(): void
}

/** What makes an `EventSource`. */
export type SourceClass = new (url: string, init: { readonly withCredentials: boolean }) => Source

/** What is used of the answer to a `fetch`. */
export interface FetchedAnswer {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  json(): Promise<unknown>
}

/** What is used of `fetch`. */
export type Fetch = (
  url: string,
  init: {
    readonly headers: Record<string, string>
    readonly credentials: 'include' | 'same-origin'
    readonly signal?: never
    /** Only to send events. */
    readonly method?: 'POST'
    readonly body?: string
    readonly keepalive?: boolean
  },
) => Promise<FetchedAnswer>

/** What is used of `localStorage`. */
export interface Storage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** What is used of `navigator.locks`. */
export interface Locks {
  request(
    name: string,
    options: { readonly ifAvailable: true },
    use: (lock: unknown) => unknown,
  ): Promise<unknown>
}

interface Target {
  addEventListener(type: string, listener: () => void): void
  removeEventListener(type: string, listener: () => void): void
}

/** What a page offers, as far as it is there: none of it is on a server. */
interface Page extends Partial<Target> {
  readonly document?: Target & {
    readonly visibilityState: string
    querySelector(selector: string): { readonly textContent: string | null } | null
  }
  readonly navigator?: { readonly locks?: Locks }
  readonly localStorage?: Storage
  readonly fetch?: Fetch
  readonly EventSource?: SourceClass
}

export const page = globalThis as unknown as Page

/** Beyond it a page's timer wakes at once. */
const maxTimerMs = 2 ** 31 - 1

/** Timers of the page; a process that renders it is not kept alive by them. */
export const pageClock: Clock = {
  now: Date.now,
  after(delayMs, wake) {
    const timer = setTimeout(wake, Math.min(delayMs, maxTimerMs))
    return () => clearTimeout(timer)
  },
}
