import type { IncomingMessage } from 'node:http'
import { keyHeader } from '../dispatcher/key-of.ts'

/** Those that concern one connection only (RFC 9110, section 7.6.1), and those that frame a message. */
const hopByHop = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** A client must not make the proxy drop these by naming them in its Connection header. */
const neverNamed = new Set(['host', 'content-length', 'cookie', 'authorization', keyHeader])

/** Those that this proxy writes itself, whoever is believed. */
const written = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])

/** What the headers of a forwarded request depend on. */
export interface ForwardRules {
  /** Whether the Host header stays as the client sent it, or names the origin. */
  readonly host: 'preserve' | 'origin'
  /** Whether what the client says of proxies before this one is believed. */
  readonly trustsForwarded: boolean
}

/**
 * The headers a request is forwarded with: names and values in turn, as they came, without those of the connection, and with
 * where it comes from. Undefined where two hosts are named.
 */
export function requestHeaders(
  request: IncomingMessage,
  { host, trustsForwarded }: ForwardRules,
  key: string | undefined,
): string[] | undefined {
  const { rawHeaders, headers, socket } = request
  const named = namedBy(headers.connection)
  const result: string[] = []
  let hosts = 0
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    if (hopByHop.has(name) || named?.has(name)) continue
    // The expectation was met by this server; undici does not send one.
    if (name === 'expect') continue
    if (name === 'host') {
      if (++hosts > 1) return undefined
      if (host === 'origin') continue
    }
    if (isOurs(name, trustsForwarded)) continue
    result.push(rawHeaders[index]!, rawHeaders[index + 1]!)
  }
  const before = trustsForwarded ? headers : {}
  const protocol = 'encrypted' in socket ? 'https' : 'http'
  const client = socket.remoteAddress ?? 'unknown'
  const chain = before['x-forwarded-for']
  result.push('x-forwarded-for', chain === undefined ? client : `${chain}, ${client}`)
  result.push('x-forwarded-proto', asOne(before['x-forwarded-proto']) ?? protocol)
  const asked = asOne(before['x-forwarded-host']) ?? headers.host
  if (asked !== undefined) result.push('x-forwarded-host', asked)
  if (trustsForwarded && headers.forwarded !== undefined)
    result.push('forwarded', headers.forwarded)
  result.push('via', `${request.httpVersion} sluice`)
  if (key !== undefined && isHeaderText(key)) result.push(keyHeader, key)
  return result
}

/** Servers of CGI's descent read `_` as `-`, so that either would be believed. */
function isOurs(header: string, trustsForwarded: boolean): boolean {
  const name = header.includes('_') ? header.replaceAll('_', '-') : header
  if (name === keyHeader || written.has(name)) return true
  return !trustsForwarded && (name.startsWith('x-forwarded-') || name === 'x-real-ip')
}

/** Whether a text can be the value of a header: no control characters, and nothing beyond Latin-1. */
export function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}

/** The headers of a response as they came, as names and values in turn, without those of the connection. */
export function responseHeaders(raw: readonly (Buffer | string)[]): string[] {
  let named: Set<string> | undefined
  const result: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = asLatin1(raw[index]!)
    const lower = name.toLowerCase()
    const value = asLatin1(raw[index + 1]!)
    if (lower === 'connection') named = joined(named, namedBy(value))
    if (!hopByHop.has(lower)) result.push(name, value)
  }
  if (named === undefined) return result
  const kept: string[] = []
  for (let index = 0; index < result.length; index += 2) {
    if (!named.has(result[index]!.toLowerCase())) kept.push(result[index]!, result[index + 1]!)
  }
  return kept
}

function joined(one: Set<string> | undefined, other: Set<string> | undefined) {
  return one && other ? new Set([...one, ...other]) : (one ?? other)
}

/** What may not come after a body (RFC 9110, section 6.5.1). */
const notInTrailers = new Set(['content-length', 'host', 'set-cookie', 'trailer', 'authorization'])

/** Trailers as pairs, without what may not be one. */
export function responseTrailers(raw: readonly (Buffer | string)[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = asLatin1(raw[index]!)
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || notInTrailers.has(lower)) continue
    pairs.push([name, asLatin1(raw[index + 1]!)])
  }
  return pairs
}

/** Undefined where a Connection header names nothing but itself, as nearly always. */
function namedBy(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || /^(keep-alive|close|upgrade)$/i.test(connection)) return undefined
  const names = connection.split(',').map((name) => name.trim().toLowerCase())
  return new Set(names.filter((name) => !neverNamed.has(name)))
}

/** Header bytes are Latin-1, whatever was meant by them: so they come out as they went in. */
function asLatin1(text: Buffer | string): string {
  return typeof text === 'string' ? text : text.toString('latin1')
}

function asOne(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
