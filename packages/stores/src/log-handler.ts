import { type Clock, systemClock } from './clock.ts'
import type { CompactableStore } from './compaction.ts'
import { type Authorize, includes } from './log-handler/access.ts'
import { errorAnswer, refuse, refuseMethod, withoutBody } from './log-handler/answers.ts'
import { createEventHub } from './log-handler/event-hub.ts'
import { createRoutes, type Route } from './log-handler/routes.ts'
import type { WebRequest, WebResponse } from './log-handler/web.ts'
import type { Exchange, Store } from './store.ts'

export type { WebRequest, WebResponse } from './log-handler/web.ts'

/** Who may do what with the log, and where it is found. */
export interface LogHandlerOptions {
  /** Says what the sender of each request may do. What it throws is answered with 500, without details. */
  readonly authorize: Authorize
  /** The path below which the handler answers: `/flags`. Default: the root. */
  readonly basePath?: string
  /** The board that clients share. Default: the store's, if it has one. */
  readonly exchange?: Exchange | undefined
  /** Hears of every error that was answered with a status of 500 or above. Default: nobody. */
  readonly report?: (error: unknown) => void
  /** Times the heartbeats. Default: {@link systemClock}. */
  readonly clock?: Clock
}

/** Answers the protocol of docs/stores/http.md. It never rejects. */
export interface LogHandler {
  (request: WebRequest): Promise<WebResponse>
  /** Ends every event stream, so that a server can close. The store stays open. */
  close(): void
}

/** Offers a log over HTTP, to `createHttpStore` in other processes. */
export function createLogHandler(
  store: Store | CompactableStore,
  options: LogHandlerOptions,
): LogHandler {
  const { authorize, basePath = '', exchange = store.exchange, clock = systemClock } = options
  const report = options.report ?? (() => {})
  const hub = createEventHub(store, clock)
  const routes = createRoutes({ store, exchange, hub })
  const base = basePath.replace(/\/+$/, '')

  function findRoute({ pathname }: URL, method: string): Route {
    const methods = pathname.startsWith(base) ? routes.get(pathname.slice(base.length)) : undefined
    if (methods === undefined) throw refuse('not_found', 'There is no such resource.')
    const route = methods.get(method === 'HEAD' ? 'GET' : method)
    if (route === undefined) throw refuseMethod([...methods.keys()])
    return route
  }

  async function answer(request: Request): Promise<Response> {
    const access = await authorize(request)
    // Whoever may not read is not told what there is.
    if (!includes(access, 'read')) throw refuse('unauthorized', 'Send a valid bearer token.')
    const url = new URL(request.url)
    const route = findRoute(url, request.method)
    if (!includes(access, route.access)) {
      throw refuse('forbidden', `The token does not allow to ${route.access}.`)
    }
    return route.run(request, url.searchParams)
  }

  async function handle(request: Request): Promise<Response> {
    let found: Response
    try {
      found = await answer(request)
    } catch (error) {
      if ((error as { code?: unknown } | undefined)?.code === 'store_unreachable') hub.doubt()
      found = errorAnswer(error, report)
    }
    return request.method === 'HEAD' ? withoutBody(found) : found
  }

  return Object.assign(handle, { close: hub.close }) as LogHandler
}
