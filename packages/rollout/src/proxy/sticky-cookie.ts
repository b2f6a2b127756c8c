import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { cookieOf, keyCookie, keyHeader } from '../dispatcher/key-of.ts'

/** How a client without a key is recognised again. */
export interface StickyCookie {
  /** Default `sluice_key`. */
  readonly name?: string
  /** How long a browser keeps it, in seconds. Default 30 days. */
  readonly maxAgeS?: number
  /** Whether it goes over TLS only. Default: as the request came. */
  readonly isSecure?: boolean
}

/** Longer than a plan takes. */
const defaultMaxAgeS = 30 * 86_400

/** For whom a request is, and the cookie to be set where that was just made up. */
export interface RequestKey {
  readonly key: string | undefined
  readonly setCookie?: string
}

/**
 * Reads the key of a request: by `keyOf`, else its header `x-sluice-key`, else its cookie; else makes one up.
 *
 * @param cookie Undefined: no key is made up.
 */
export function createKeyReader(
  cookie: StickyCookie | undefined,
  keyOf: ((request: IncomingMessage) => string | undefined) | undefined,
): (request: IncomingMessage) => RequestKey {
  const { name = keyCookie, maxAgeS = defaultMaxAgeS, isSecure } = cookie ?? {}
  return (request) => {
    const { headers } = request
    const given = keyOf ? keyOf(request) : headers[keyHeader]
    const key = (typeof given === 'string' ? given : '') || cookieOf(headers.cookie, name)
    if (key !== undefined || cookie === undefined) return { key }
    const made = randomUUID()
    const secure = (isSecure ?? 'encrypted' in request.socket) ? '; Secure' : ''
    const rules = `Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure}`
    return { key: made, setCookie: `${name}=${made}; ${rules}` }
  }
}
