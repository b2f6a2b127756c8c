import { type ServerResponse, STATUS_CODES } from 'node:http'

/** Answers a request that could not be forwarded, without a word of why; breaks off an answer that had begun. */
export function answerError(response: ServerResponse, statusCode: number): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const text = `${STATUS_CODES[statusCode]}\n`
  // The reason too: that of an answer which could not be written may be left.
  response.writeHead(statusCode, STATUS_CODES[statusCode], {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': text.length,
    // What is left of the request's body is not waited for.
    connection: 'close',
  })
  response.end(text)
}

const timeouts = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
])

const refusals = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])

/** 504 where an origin was too slow, 503 while closing, 400 for what cannot be forwarded, else 502. */
export function statusOf(error: unknown): number {
  const { code } = (error ?? {}) as { code?: unknown }
  if (typeof code !== 'string') return 502
  if (timeouts.has(code)) return 504
  if (code === 'UND_ERR_CLOSED') return 503
  return refusals.has(code) ? 400 : 502
}
