/** Whose fault an error is: the caller's own, nobody there, or an answer that did not come or broke off. */
export type FaultKind = 'caller' | 'connect' | 'broken' | 'timeout'

/** What undici says of a call that was wrong from the start, or was given up. */
const invalidCodes = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

const callerCodes = new Set([
  ...invalidCodes,
  'UND_ERR_ABORTED',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
])

const timeoutCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

const connectCodes = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
])

/**
 * Tells errors apart by their codes. What is not known is the origin's: doubt counts against it.
 *
 * @param body The request's: an error of its own is the caller's.
 */
export function faultOf(error: unknown, body: unknown): FaultKind {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown }
  if (error !== undefined && (body as { errored?: unknown } | null | undefined)?.errored === error)
    return 'caller'
  if (typeof code !== 'string') return 'broken'
  if (callerCodes.has(code)) return 'caller'
  if (timeoutCodes.has(code)) return 'timeout'
  // A certificate that is refused is found while connecting, too.
  const isConnect = connectCodes.has(code) || syscall === 'connect' || /TLS|CERT/.test(code)
  return isConnect ? 'connect' : 'broken'
}

/** Whether a request was never one, so that it says nothing of the arm it was meant for. */
export function isInvalid(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && invalidCodes.has(code)
}

const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** Whether a request may be sent twice: its method allows it, and its body is still there. */
export function isRepeatable(method: string, body: unknown): boolean {
  return (
    idempotentMethods.has(method) &&
    (body === undefined ||
      body === null ||
      typeof body === 'string' ||
      ArrayBuffer.isView(body) ||
      body instanceof ArrayBuffer)
  )
}
