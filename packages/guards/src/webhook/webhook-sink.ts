import { createHmac } from 'node:crypto'
import { Agent, type Dispatcher, request } from 'undici'
import { SluiceError } from '../error.ts'
import type { HttpDispatcher } from '../http-dispatcher.ts'
import type { Alert, AlertSink, Delivery } from './alert.ts'
import { describeAlert, toSlackPayload } from './slack-payload.ts'
import { toNetworkError, toStatusError, type WebhookError } from './webhook-error.ts'

/** Where a webhook is, and how it is spoken to. */
export interface WebhookSinkOptions {
  /** The whole address. What is in its path and query counts as secret: it is never shown. */
  readonly url: string
  /** `slack`: for Slack's incoming webhooks and what takes the same. `json`: {@link WebhookBody}. */
  readonly format: 'slack' | 'json'
  /** Sent with each request: a token, for instance. */
  readonly headers?: Readonly<Record<string, string>>
  /** Signs the body: `sluice-signature: sha256=<hex>`, HMAC-SHA256 under this key. */
  readonly secret?: string
  /** From the request to the head of its answer, in ms. Default 8,000. */
  readonly timeoutMs?: number
  /** Default: an agent of our own. */
  readonly dispatcher?: HttpDispatcher
  /** Names the sink in errors. Default: the address's host. */
  readonly name?: string
}

/** The body of the format `json`: the alert, the version of its shape, and a line for people. */
export interface WebhookBody extends Alert {
  readonly schema: 1
  readonly text: string
}

/** A sink that holds connections. */
export interface WebhookSink extends AlertSink {
  /** Ends what is on its way, and the connections. Idle ones do not keep the process alive. */
  close(): Promise<void>
}

/** Shorter than what a sink is given for a try, so that the error says what happened. */
const defaultTimeoutMs = 8_000
/**
 * Creates a sink that posts alerts to a webhook. Each `send` is one request; whoever calls it tries again.
 *
 * Any 2xx is a delivery. 408, 429, 5xx, a broken connection and a time that ran out may be tried again;
 * whatever else the server answers is final. Redirects are not followed.
 *
 * @throws SluiceError `invalid_url`; `invalid_option`.
 */
export function createWebhookSink(options: WebhookSinkOptions): WebhookSink {
  const url = parseUrl(options.url)
  const { format, secret, timeoutMs = defaultTimeoutMs, name = url.host } = options
  const headers = checkHeaders(options.headers ?? {})
  if (format !== 'slack' && format !== 'json') throw invalidOption('format must be slack or json')
  if (secret === '') throw invalidOption('secret must not be empty')
  if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) throw invalidOption('timeoutMs must be 1 or more')
  const own = options.dispatcher === undefined ? new Agent() : undefined
  const dispatcher = own ?? (options.dispatcher as unknown as Dispatcher)

  /** Answers with what the server says against it. */
  async function post(
    body: string,
    key: string,
    signal: AbortSignal,
  ): Promise<WebhookError | undefined> {
    const answer = await request(url, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/json',
        'idempotency-key': key,
        ...(secret === undefined ? {} : { 'sluice-signature': sign(body, secret) }),
      },
      body,
      dispatcher,
      signal,
      // Time is kept by the caller.
      headersTimeout: 0,
    })
    // Its status is the whole answer: a body may drip for ever, and may repeat the address.
    answer.body.on('error', () => {}).destroy()
    const { statusCode, headers: said } = answer
    if (statusCode >= 200 && statusCode <= 299) return undefined
    const retryAfter = said['retry-after']
    const text = typeof retryAfter === 'string' ? retryAfter : undefined
    return toStatusError(name, statusCode, text, Date.now())
  }

  return {
    name,

    async send(alert: Alert, { signal, idempotencyKey }: Delivery) {
      const body = JSON.stringify(format === 'slack' ? toSlackPayload(alert) : toBody(alert))
      const abort = new AbortController()
      const end = (why: string) => () => abort.abort(new Error(why))
      const giveUp = end('the try was given up')
      const timer = setTimeout(end(`no answer within ${timeoutMs} ms`), timeoutMs)
      if (signal.aborted) giveUp()
      signal.addEventListener('abort', giveUp)
      let refusal: WebhookError | undefined
      try {
        refusal = await post(body, idempotencyKey, abort.signal)
      } catch (cause) {
        throw toNetworkError(name, describe(abort.signal.aborted ? abort.signal.reason : cause))
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
      }
      if (refusal !== undefined) throw refusal
    },

    async close() {
      await own?.destroy()
    },
  }

  /** A dispatcher may be anybody's, and name the address in what it throws. */
  function describe(cause: unknown): string {
    const { code, message = '' } = Object(cause) as { code?: unknown; message?: string }
    if (typeof code === 'string') return code
    const text = String(message)
    const secrets = [
      url.href,
      url.pathname + url.search,
      url.pathname.slice(1),
      url.search.slice(1),
    ]
    const isTelling = secrets.some((part) => part.length > 1 && text.includes(part))
    return isTelling || text === '' ? 'the request failed' : text
  }
}

function toBody(alert: Alert): WebhookBody {
  return { schema: 1, text: describeAlert(alert), ...alert }
}

function sign(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** @throws SluiceError `invalid_url`, which shows nothing of it. */
function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === '') {
    return url
  }
  const expected = 'an absolute http: or https: address without credentials before its host'
  throw new SluiceError('invalid_url', `A webhook needs ${expected}; what was given is not one.`)
}

/** Refused here, what no header can carry does not wait for the first alert to be found. */
function checkHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    const isSound = /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && /^[\t\x20-\x7e]*$/.test(value)
    if (!isSound) throw invalidOption(`the header ${JSON.stringify(name)} cannot be sent`)
  }
  return { ...headers }
}

function invalidOption(fault: string): SluiceError {
  return new SluiceError('invalid_option', `The webhook was refused: ${fault}.`)
}
