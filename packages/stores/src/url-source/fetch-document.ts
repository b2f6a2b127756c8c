import { SluiceError } from '@sluice/core'
import type { Clock } from '../clock.ts'
import { assertSize } from '../definition-text.ts'
import type { HttpDispatcher } from '../http/dispatcher.ts'
import { parseRetryAfter, withRetryAfter } from '../http/retry-after.ts'
import { type Answer, describeCause, headerOf, send, tooLong } from '../http/send.ts'

/** A look at a document. */
export interface DocumentRequest {
  readonly url: URL
  /** The URL as errors name it. */
  readonly origin: string
  /** The tag of the document in service. */
  readonly etag: string | undefined
  readonly headers: { readonly [name: string]: string }
  readonly dispatcher: HttpDispatcher
  readonly clock: Clock
  readonly abort: AbortController
}

/** A document, whole as far as HTTP can tell. */
export interface Fetched {
  readonly text: string
  readonly etag: string | undefined
}

/** From each request to the last byte of its answer. */
const timeoutMs = 10_000

/** The largest document that is parsed; a longer answer is not read to its end. */
const maxBytes = 10 * 1024 * 1024

/** Longer chains go in circles. */
const maxRedirects = 5

/**
 * Fetches a document unless it is the one that `etag` names.
 *
 * @throws SluiceError `definitions_unauthorized`, `definitions_missing`, `definitions_unreachable` (with
 * `retryAfterMs` where the server named a time), `definitions_unreadable`, `document_too_large`.
 */
export async function fetchDocument(request: DocumentRequest): Promise<Fetched | 'unchanged'> {
  const { origin, etag } = request
  const answer = await follow(request)
  if (answer.status === 304 && etag !== undefined) return 'unchanged'
  if (answer.status !== 200) throw statusError(origin, answer, request.clock.now())
  const text = decode(answer, origin)
  assertDocument(answer, text, request)
  return { text, etag: headerOf(answer, 'etag') }
}

async function follow(request: DocumentRequest): Promise<Answer> {
  const { etag, dispatcher, clock, origin } = request
  let { url } = request
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    const answer = await sendTo(url)
    const location = headerOf(answer, 'location')
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer
    url = nextOf(url, location)
  }
  throw unreadable(origin, `it redirects more than ${maxRedirects} times, in a circle perhaps`)

  async function sendTo(target: URL): Promise<Answer> {
    const isOurs = target.origin === request.url.origin
    const sending = {
      url: target.href,
      headers: {
        accept: 'application/json, application/yaml, text/yaml, text/plain;q=0.9, */*;q=0.5',
        ...(isOurs ? request.headers : {}),
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
      },
      ...{ dispatcher, clock, timeoutMs, maxBytes, abort: request.abort },
    }
    try {
      return await send(sending)
    } catch (cause) {
      if ((cause as { code?: unknown }).code === tooLong) assertSize(maxBytes + 1, origin)
      throw unreachable(origin, `no whole answer came: ${describeCause(cause)}`, cause)
    }
  }

  function nextOf(from: URL, location: string): URL {
    if (!URL.canParse(location, from.href)) throw unreadable(origin, 'it redirects to no URL')
    const next = new URL(location, from)
    const isSafe = next.protocol === from.protocol || next.protocol === 'https:'
    if (isSafe && /^https?:$/.test(next.protocol)) return next
    throw unreadable(origin, `it redirects to ${next.protocol} and so out of safety`)
  }
}

function statusError(origin: string, answer: Answer, now: number): SluiceError {
  const { status } = answer
  if (status === 401 || status === 403) {
    const message = `${origin} refuses to be read (${status}): check the credentials in \`headers\`.`
    return new SluiceError('definitions_unauthorized', message)
  }
  if (status === 404 || status === 410) {
    const message = `${origin} is not there (${status}): check the URL.`
    return new SluiceError('definitions_missing', message)
  }
  if (status === 429 || status >= 500) {
    const retryAfterMs = parseRetryAfter(headerOf(answer, 'retry-after'), now)
    return withRetryAfter(unreachable(origin, `its server answers ${status}`), retryAfterMs)
  }
  return unreadable(origin, `its server answers ${status}`)
}

function decode({ bytes }: Answer, origin: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw unreadable(origin, 'it is not UTF-8 text', cause)
  }
}

/** Refuses what would parse and yet is not what the server meant to give. */
function assertDocument(answer: Answer, text: string, { origin, url }: DocumentRequest): void {
  const type = headerOf(answer, 'content-type') ?? ''
  const start = text.trimStart().slice(0, 1)
  if (/html/i.test(type) || start === '<') {
    throw unreadable(origin, 'it is HTML, perhaps the page of a login or a proxy')
  }
  const isYaml = /yaml/i.test(type)
  const isJson = /json/i.test(type) || (!isYaml && /\.json$/i.test(url.pathname))
  if (isJson && start !== '{') throw unreadable(origin, 'it is announced as JSON and is none')
  // The first half of a YAML document is a document, too: somebody must have said where it ends.
  const isFramed = ['content-length', 'transfer-encoding'].some((name) => name in answer.headers)
  if (start !== '{' && !isFramed) {
    throw unreadable(origin, 'its server does not say how long it is, so that half may be missing')
  }
}

function unreachable(origin: string, why: string, cause?: unknown): SluiceError {
  const message = `${origin} cannot be had now: ${why}. It is tried again.`
  return new SluiceError('definitions_unreachable', message, { cause })
}

function unreadable(origin: string, why: string, cause?: unknown): SluiceError {
  const message = `${origin} cannot be read: ${why}. Serve JSON or YAML there.`
  return new SluiceError('definitions_unreadable', message, { cause })
}
