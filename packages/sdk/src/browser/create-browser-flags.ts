import { type EvaluationContext, type FlagDefinitions, type Json, SluiceError } from '@sluice/core'
import { valueOr } from '../answer-value.ts'
import { readableKey } from '../readable-key.ts'
import type {
  BrowserFlags,
  BrowserFlagsEvents,
  BrowserFlagsOptions,
  BrowserFlagsStatus,
} from './contract.ts'
import { createEvents } from './events.ts'
import { type FetchedSheet, fetchSheet, unreadable } from './fetch-sheet.ts'
import { type Follower, followAnswers } from './follow-answers.ts'
import { page, pageClock } from './platform.ts'
import { createEventSender } from './send-events.ts'
import { sentContext } from './sent-context.ts'
import { createSheetCache } from './sheet-cache.ts'
import { answerIn, emptySnapshot, follow, type Snapshot } from './snapshot.ts'
import { watchPage } from './watch-page.ts'

/**
 * Creates the flags of a page: answers from a sheet that the server rendered, kept up to date by the server.
 *
 * It returns at once and never throws; what is wrong with its input is told as an `error` event.
 */
export function createBrowserFlags<D extends FlagDefinitions = FlagDefinitions>(
  options: BrowserFlagsOptions = {},
): BrowserFlags<D> {
  const { answers, url, cache: isCached = false, withCredentials = false } = options
  const { clock = pageClock, random = Math.random, pollMs = 30_000, hiddenMs = 30_000 } = options
  const load = 'fetch' in options ? options.fetch : page.fetch?.bind(page)
  const eventSource = 'eventSource' in options ? options.eventSource : page.EventSource
  const events = createEvents((cause) => {
    return new SluiceError('listener_failed', 'A listener threw.', { cause })
  })
  const cache =
    isCached && url !== undefined ? createSheetCache(url, () => page.localStorage) : null
  let sent = ''
  let snapshot = emptySnapshot
  let status: BrowserFlagsStatus = 'empty'
  let revision = 0
  let tag: string | undefined
  let asked = 0
  let users = 0
  let isChanging = false
  let isClosed = false
  let follower: Follower | undefined
  let stopWatching = () => {}

  /** Told a little later, so that whoever is creating this can listen first. */
  function tellSoon(error: SluiceError): void {
    void Promise.resolve().then(() => events.tell('error', error))
  }

  function setStatus(next: BrowserFlagsStatus): void {
    // Without answers there is nothing that could be stale.
    if (next === status || (next === 'stale' && snapshot === emptySnapshot)) return
    status = next
    events.tell('status', next)
  }

  function take(sheet: unknown): boolean {
    const before = snapshot
    const followed = follow(before, sheet)
    if (followed === undefined) return false
    // Another tab may have signed in somebody else: what is gathered is not of them.
    const isOfAnother = followed.snapshot.targetingKey !== before.targetingKey
    if (before !== emptySnapshot && isOfAnother) sender.flush()
    ;({ revision } = sheet as { revision: number })
    snapshot = followed.snapshot
    if (snapshot !== before) events.tell('change', followed.keys)
    return true
  }

  function takeFetched(fetched: FetchedSheet): boolean {
    if ('sheet' in fetched) {
      if (!take(fetched.sheet)) return false
      cache?.write(fetched.sheet)
    }
    tag = fetched.tag
    return true
  }

  /** Another user's answers are nobody's. */
  function drop(): void {
    const { answers } = snapshot
    sender.flush()
    snapshot = emptySnapshot
    cache?.clear()
    setStatus('empty')
    events.tell('change', Object.keys(answers))
  }

  function addressOf(isStream: boolean): string {
    const query = [
      ...(revision > 0 ? [`revision=${revision}`] : []),
      ...(sent === '' ? [] : [`context=${sent}`]),
      ...(isStream && tag !== undefined ? [`lastEventId=${encodeURIComponent(tag)}`] : []),
    ].join('&')
    const joint = url?.includes('?') ? '&' : '?'
    return query === '' ? String(url) : url + joint + query
  }

  const fetchNow = () =>
    fetchSheet({ url: addressOf(false), fetch: load, clock, withCredentials, tag })

  const sender = createEventSender({
    ...{ url: () => addressOf(false), fetch: load, clock, withCredentials },
    targetingKey: () => snapshot.targetingKey,
    report: (error) => events.tell('error', error),
  })

  function begin(): void {
    // While the user changes there is nobody to follow yet.
    if (url === undefined || users === 0 || isClosed || isChanging) return
    follower = followAnswers({
      ...{ eventSource, withCredentials, pollMs, clock, random },
      locks: page.navigator?.locks,
      url: () => addressOf(true),
      load: fetchNow,
      take: takeFetched,
      tell: setStatus,
      report: (error) => events.tell('error', error),
    })
    stopWatching = watchPage(follower, clock, hiddenMs)
  }

  function end(): void {
    stopWatching()
    follower?.stop()
    follower = undefined
  }

  function connect(): () => void {
    users += 1
    if (users === 1) begin()
    let isUser = true
    return () => {
      if (!isUser) return
      isUser = false
      users -= 1
      if (users === 0) end()
    }
  }

  async function change(next: EvaluationContext): Promise<void> {
    asked += 1
    const mine = asked
    isChanging = true
    // What is gathered is of who was there until now.
    sender.flush()
    end()
    try {
      // What is left of the other user must not be asked for again, whatever becomes of this one.
      sent = ''
      tag = undefined
      sent = sentContext(next)
      if (url === undefined) throw unreadable('The page', 'it was given no `url`')
      const fetched = await fetchNow()
      if (mine !== asked) return latest
      if (!takeFetched(fetched)) throw unreadable(addressOf(false), 'what came is none')
      setStatus('live')
    } catch (error) {
      if (mine !== asked) return latest
      const key = readableKey(next)
      if (key === undefined || key !== snapshot.targetingKey) drop()
      throw error
    } finally {
      if (mine === asked) {
        isChanging = false
        begin()
      }
    }
  }
  let latest: Promise<void> = Promise.resolve()

  try {
    sent = sentContext(options.context)
  } catch (error) {
    tellSoon(error as SluiceError)
  }
  if (answers !== undefined && answers !== null) {
    if (take(copy(answers))) status = 'bootstrap'
    else tellSoon(unreadable('The page', 'its `answers` are none'))
  }
  const rendered: Snapshot = snapshot
  const cached = status === 'empty' ? cache?.read(readableKey(options.context)) : undefined
  if (cached !== undefined && take(cached)) status = 'stale'
  const isInPage = page.document !== undefined
  if (options.isConnected ?? (isInPage || 'fetch' in options || 'eventSource' in options)) connect()

  const flags: BrowserFlags = {
    get status() {
      return status
    },
    isEnabled: (key) => answerIn(snapshot, key).value === true,
    boolean: (key, fallback) => valueOr(answerIn(snapshot, key), 'boolean', fallback),
    string: (key, fallback) => valueOr(answerIn(snapshot, key), 'string', fallback),
    number: (key, fallback) => valueOr(answerIn(snapshot, key), 'number', fallback),
    object: <T extends Json>(key: string, fallback: T) =>
      valueOr<Json | T>(answerIn(snapshot, key), 'object', fallback),
    evaluate: (key) => answerIn(snapshot, key) as never,
    all: () => snapshot.values as never,
    setContext(next) {
      latest = change(next)
      return latest
    },
    track(name, value) {
      if (url !== undefined && !isClosed) sender.track(name, value)
    },
    connect,
    on: (name: keyof BrowserFlagsEvents, listener: (argument: never) => void) =>
      events.on(name, listener),
    subscribe: (listener) => events.on('change', listener),
    getSnapshot: () => snapshot,
    getServerSnapshot: () => rendered,
    close() {
      sender.flush()
      isClosed = true
      asked += 1
      latest = Promise.resolve()
      end()
    },
  }
  return flags as unknown as BrowserFlags<D>
}

/** A copy that may be frozen; nothing for what is no JSON. */
function copy(sheet: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(sheet))
  } catch {
    return undefined
  }
}
