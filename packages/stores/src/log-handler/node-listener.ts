import type { WebRequest, WebResponse } from './web.ts'

/** What the bridge uses of a request of `node:http`, or of `node:http2`. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly httpVersionMajor?: number
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
  /** Whether it came to its end. */
  readonly complete: boolean
}

/** What the bridge uses of a response of `node:http`. */
export interface NodeResponse {
  readonly destroyed: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
  flushHeaders(): void
  write(chunk: Uint8Array): boolean
  end(): unknown
  destroy(): unknown
  once(event: 'close' | 'drain', listener: () => void): unknown
  removeListener(event: 'close' | 'drain', listener: () => void): unknown
}

/**
 * Serves a handler of web requests by `node:http`: `createServer(toNodeListener(handler))`.
 *
 * @param handler Gets Node's own request, too, with whatever middleware left on it.
 */
export function toNodeListener<Incoming extends NodeRequest = NodeRequest>(
  handler: (request: WebRequest, incoming: Incoming) => Promise<WebResponse>,
): (request: Incoming, response: NodeResponse) => void {
  return (incoming, outgoing) => {
    serve(handler, incoming, outgoing).catch(() => {
      // Nothing whole can be said any more: a cut connection is no success to anybody.
      outgoing.destroy()
    })
  }
}

async function serve<Incoming extends NodeRequest>(
  handler: (request: WebRequest, incoming: Incoming) => Promise<WebResponse>,
  incoming: Incoming,
  outgoing: NodeResponse,
): Promise<void> {
  const abort = new AbortController()
  outgoing.once('close', () => abort.abort())
  const request = toWebRequest(incoming, abort.signal)
  if (request === undefined) return refuse(incoming, outgoing)
  const { status, headers, body } = (await handler(request as WebRequest, incoming)) as Response
  // What is left of a body must not be taken for the next request, nor be waited for.
  const ending = incoming.complete ? {} : { connection: 'close' }
  const named = { ...Object.fromEntries(headers), ...ending }
  // In HTTP/2 a connection is of many requests, and no answer speaks of it.
  if (incoming.httpVersionMajor === 2) delete named.connection
  outgoing.writeHead(status, named)
  if (body !== null) await pipe(body, outgoing)
  outgoing.end()
}

async function pipe(body: ReadableStream<Uint8Array>, outgoing: NodeResponse): Promise<void> {
  const reader = body.getReader()
  // It also wakes a read that waits for an event that nobody will hear of.
  const leave = () => void reader.cancel().catch(() => {})
  outgoing.once('close', leave)
  // A source that fails has given up whoever should read, and may never read on.
  reader.closed.catch(() => outgoing.destroy())
  outgoing.flushHeaders()
  while (!outgoing.destroyed) {
    const { done, value } = await reader.read()
    if (done) break
    if (!outgoing.write(value)) await drained(outgoing)
  }
  outgoing.removeListener('close', leave)
  if (outgoing.destroyed) leave()
}

/** Resolves when there is room again, or nobody left to write to. */
function drained(outgoing: NodeResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      outgoing.removeListener('drain', go)
      outgoing.removeListener('close', go)
      resolve()
    }
    outgoing.once('drain', go)
    outgoing.once('close', go)
    if (outgoing.destroyed) go()
  })
}

/** @returns nothing for what no web request can be: another method, another form of target. */
function toWebRequest(incoming: NodeRequest, signal: AbortSignal): Request | undefined {
  const { method = 'GET', url = '/' } = incoming
  if (!url.startsWith('/')) return undefined
  try {
    return new Request(`http://localhost${url}`, {
      ...{ method, signal, headers: toWebHeaders(incoming.headers) },
      ...(method === 'GET' || method === 'HEAD'
        ? {}
        : { body: toWebBody(incoming), duplex: 'half' }),
    })
  } catch {
    return undefined
  }
}

function toWebHeaders(headers: NodeRequest['headers']): [string, string][] {
  return (
    Object.entries(headers)
      // HTTP/2 has its method and path there, as `:method` and `:path`.
      .filter(([name]) => !name.startsWith(':'))
      .flatMap(([name, value]) =>
        [value ?? []].flat().map((each): [string, string] => [name, each]),
      )
  )
}

/** Reads on only as far as somebody reads; letting go of it leaves the connection for the answer. */
function toWebBody(incoming: NodeRequest): ReadableStream<Uint8Array> {
  const chunks = incoming[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
}

function refuse(incoming: NodeRequest, outgoing: NodeResponse): void {
  const status = incoming.url?.startsWith('/') === false ? 400 : 405
  outgoing.writeHead(status, { connection: 'close', 'content-length': '0' })
  outgoing.end()
}
