import { isSluiceError, SluiceError } from '@sluice/core'
import { getCut } from '../compaction.ts'
import { sharedCodes, statusOf } from '../http/wire.ts'

/** An answer of JSON text. */
export function jsonAnswer(
  text: string,
  status = 200,
  headers: { readonly [name: string]: string } = {},
): Response {
  const bytes = Buffer.from(text)
  return new Response(bytes, {
    status,
    headers: {
      ...{ 'content-type': 'application/json', 'content-length': String(bytes.length) },
      ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
      ...headers,
    },
  })
}

/** An answer without a body. */
export function emptyAnswer(): Response {
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
}

/**
 * A refusal of the request itself, whose message its sender may see.
 *
 * @param code One of those that the protocol lists.
 */
export function refuse(code: string, message: string): SluiceError {
  return new SluiceError(code, message)
}

/** A refusal that names what would be allowed. */
export function refuseMethod(allowed: readonly string[]): SluiceError {
  const methods = allowed.includes('GET') ? ['HEAD', ...allowed] : allowed
  return Object.assign(refuse('method_not_allowed', `Use ${allowed.join(' or ')}.`), {
    allow: methods.join(', '),
  })
}

/** The same answer to HEAD: a body that nobody reads is let go of. */
export function withoutBody(answer: Response): Response {
  answer.body?.cancel().catch(() => {})
  return new Response(null, { status: answer.status, headers: answer.headers })
}

const ownCodes: ReadonlySet<string> = new Set([
  ...['bad_request', 'unauthorized', 'forbidden', 'not_found', 'method_not_allowed'],
  ...['too_large', 'unsupported_media_type'],
])

/**
 * The answer to whatever was thrown.
 *
 * The sender hears what speaks of the request or the log. Anything else may name hosts, users and paths
 * of this machine: it goes to `report` only.
 */
export function errorAnswer(thrown: unknown, report: (error: unknown) => void): Response {
  const { code, message } = publicFace(thrown)
  const status = statusOf[code] ?? 500
  if (status >= 500) tell(report, thrown)
  const cut = getCut(thrown)
  const body = JSON.stringify({ code, message, ...(cut === undefined ? {} : { cut }) })
  return jsonAnswer(body, status, headersOf(code, thrown))
}

function headersOf(code: string, thrown: unknown): { readonly [name: string]: string } {
  if (code === 'unauthorized') return { 'www-authenticate': 'Bearer' }
  const { allow } = thrown as { allow?: string }
  return code === 'method_not_allowed' && allow !== undefined ? { allow } : {}
}

/** A listener that fails changes nothing about the answer. */
function tell(report: (error: unknown) => void, thrown: unknown): void {
  try {
    report(thrown)
  } catch {
    // There is nobody else to tell.
  }
}

function publicFace(thrown: unknown): { readonly code: string; readonly message: string } {
  const code = isSluiceError(thrown) ? thrown.code : 'internal'
  if (isSluiceError(thrown) && (sharedCodes.has(code) || ownCodes.has(code))) return thrown
  if (code === 'store_unreachable' || code === 'store_closed' || code === 'store_unauthorized') {
    return {
      code: 'store_unreachable',
      message: 'The log cannot be had now. Its server knows why.',
    }
  }
  return { code: 'internal', message: 'The server failed. It knows why.' }
}
