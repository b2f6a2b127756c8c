import { createManualClock } from '@sluice/stores/testing'
import type { AnswerSheet } from '../answer-sheet.ts'
import type { BrowserFlagsOptions } from './contract.ts'
import { createBrowserFlags } from './create-browser-flags.ts'
import type { Fetch, FetchedAnswer, SourceEvent } from './platform.ts'

/** A sheet with the given values. */
export function sheetOf(
  values: { readonly [key: string]: AnswerSheet['answers'][string]['value'] },
  more: Partial<AnswerSheet> = {},
): AnswerSheet {
  const answers = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      { value, variant: String(value), reason: 'STATIC' as const },
    ]),
  )
  return { revision: 1, environment: 'test', targetingKey: 'ada', answers, ...more }
}

/** What is answered to one `fetch`; the last one to all that follow. */
type Reply = Partial<FetchedAnswer> | Error | Promise<Partial<FetchedAnswer>>

/** A client in an empty page, whose server a test holds in its hand. */
export function openPage(options: BrowserFlagsOptions = {}, ...answers: Reply[]) {
  const clock = createManualClock()
  const sources: FakeSource[] = []
  const fetched: { url: string; headers: Record<string, string> }[] = []

  class FakeSource {
    readonly listeners = new Map<string, (event: SourceEvent) => void>()
    readonly url: string
    isClosed = false

    constructor(url: string) {
      this.url = url
      sources.push(this)
    }

    addEventListener(type: string, listener: (event: SourceEvent) => void): void {
      this.listeners.set(type, listener)
    }

    close(): void {
      this.isClosed = true
    }

    say(type: string, data?: unknown, lastEventId?: string): void {
      const text = typeof data === 'string' ? data : JSON.stringify(data)
      this.listeners.get(type)?.({ data: text, ...(lastEventId && { lastEventId }) })
    }
  }

  const fetch: Fetch = async (url, { headers }) => {
    fetched.push({ url, headers })
    const next = answers.length > 1 ? answers.shift() : answers[0]
    const answer = await (next ?? new Error('nobody is there'))
    if (answer instanceof Error) throw answer
    return { status: 200, headers: { get: () => null }, json: async () => undefined, ...answer }
  }

  const flags = createBrowserFlags({
    ...{ url: '/answers', clock, random: () => 0, fetch, eventSource: FakeSource },
    ...options,
  })
  const told: string[] = []
  flags.on('change', (keys) => told.push(`change ${keys.join(' ')}`.trim()))
  flags.on('status', (status) => told.push(status))
  flags.on('error', (error) => told.push(error.code))
  return {
    ...{ flags, clock, sources, fetched, answers, told },
    /** The stream that is open. */
    source: () => sources.at(-1) as FakeSource,
    settle: () => clock.advance(0),
  }
}

/** What a server answers to `fetch`. */
export function answerOf(sheet: unknown, etag: string | null = null): Partial<FetchedAnswer> {
  return { headers: { get: () => etag }, json: async () => sheet }
}

/** A promise that a test settles. */
export function deferred<T>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
} {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
