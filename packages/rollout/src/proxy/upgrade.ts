import * as http from 'node:http'
import * as https from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { faultOf } from '../dispatcher/faults.ts'
import type { Traffic } from '../dispatcher/traffic.ts'
import { statusOf } from './answer-error.ts'
import { hasBody, pathOf } from './forward.ts'
import { type ForwardRules, requestHeaders, responseHeaders } from './headers.ts'
import { pipeLimited } from './limit-waiting.ts'
import type { RequestKey } from './sticky-cookie.ts'

/** How an origin is reached for an upgrade, by the options of undici's `Pool`, and how patient the proxy is with clients. */
export interface UpgradeOptions {
  /** A private authority's certificate, say. A function is of no use here. */
  readonly connect?: unknown
  /** How long the origin may think, in ms; 0 for ever. */
  readonly headersTimeout?: number | undefined
  /** How long the client may read nothing of what waits for it, in ms; 0 for ever. */
  readonly sendTimeoutMs: number
}

/** undici's own, for every other request. */
const defaultHeadersTimeoutMs = 300_000

/** Connections that were upgraded, which a server no longer counts as its own. */
export type OpenTunnels = Set<Duplex>

/**
 * Forwards a request to change the protocol, a WebSocket's as a rule, and joins the two connections when the origin agrees.
 * An origin that declines answers as it likes. It counts as served once the origin agreed, or by its status.
 */
export function forwardUpgrade(
  traffic: Traffic,
  rules: ForwardRules,
  request: http.IncomingMessage,
  client: Duplex,
  head: Buffer,
  { key, setCookie }: RequestKey,
  tunnels: OpenTunnels,
  { connect, headersTimeout = defaultHeadersTimeoutMs, sendTimeoutMs }: UpgradeOptions,
): void {
  const path = pathOf(request.url ?? '/')
  client.on('error', () => client.destroy())
  const headers = requestHeaders(request, rules, key)
  if (path === undefined || headers === undefined || traffic.isClosed()) {
    refuse(client, traffic.isClosed() ? 503 : 400)
    return
  }
  // It would be taken for the new protocol's bytes, while the origin waits for it.
  if (hasBody(request)) {
    refuse(client, 501)
    return
  }
  const startedAt = traffic.now()
  const meant = traffic.armOf(key)
  const place = traffic.first(meant)
  const { arm, origin } = place
  let isOver = false

  const isJoined = !isHttp(request.headers.upgrade ?? '')
  if (isJoined) headers.push('connection', 'upgrade', 'upgrade', request.headers.upgrade ?? '')
  else headers.push('connection', 'close')
  if (rules.host === 'origin' || request.headers.host === undefined) {
    headers.push('host', new URL(origin.url).host)
  }
  const { request: send } = origin.url.startsWith('https:') ? https : http
  const { method } = request
  const upstream = send(origin.url, {
    ...(typeof connect === 'object' ? connect : undefined),
    method,
    path,
    headers: headers as never,
    agent: false,
    timeout: headersTimeout,
  })
  origin.begin()
  upstream.on('timeout', () => upstream.destroy(new TooSlow()))
  client.on('close', () => {
    if (!isOver) upstream.destroy(new ClientLeft())
  })
  const stopWatching = watch(client)

  upstream.on('upgrade', (response, socket, rest) => {
    if (!isJoined) {
      socket.destroy()
      fail(new Error('The origin changed a protocol that nobody asked to change.'))
      return
    }
    client.write(headOf(response, setCookie))
    if (rest.length > 0) client.write(rest)
    for (const chunk of [head, ...stopWatching()]) if (chunk.length > 0) socket.write(chunk)
    settle(response.statusCode)
    // A joined connection may be silent for as long as it likes.
    socket.setTimeout(0)
    join(client as Socket, socket, tunnels, sendTimeoutMs)
  })
  upstream.on('response', (response) => {
    client.write(headOf(response, setCookie, 'close'))
    pipeLimited(response, client as Socket, sendTimeoutMs)
    response.on('error', () => client.destroy())
    client.on('close', () => response.destroy())
    settle(response.statusCode)
  })
  upstream.on('error', fail)
  upstream.end()

  function fail(error: Error): void {
    if (isOver) {
      client.destroy()
      return
    }
    const fault = error instanceof ClientLeft ? 'caller' : faultOf(error, undefined)
    if (fault !== 'caller') {
      traffic.found(place, fault === 'connect' ? 'connect_error' : 'server_error')
    }
    settle(undefined, fault === 'caller')
    refuse(client, statusOf(error))
  }

  function settle(statusCode: number | undefined, isAborted = false): void {
    isOver = true
    origin.end()
    if (statusCode !== undefined) {
      traffic.found(place, statusCode >= 500 ? 'server_error' : 'ok')
    }
    traffic.onOutcome?.({
      arm: meant.name,
      servedBy: arm.name,
      origin: origin.url,
      ok: arm === meant && statusCode !== undefined && statusCode < 500,
      durationMs: traffic.now() - startedAt,
      statusCode,
      key,
      retries: 0,
      isAborted,
    })
  }
}

/** Whether a further version of HTTP is asked for: joined, its requests would pass this proxy by. Without it they are served. */
function isHttp(upgrade: string): boolean {
  return upgrade.split(',').some((protocol) => /^\s*(h2|http|tls)/i.test(protocol))
}

class ClientLeft extends Error {}

class TooSlow extends Error {
  readonly code = 'UND_ERR_HEADERS_TIMEOUT'
}

/**
 * Reads from a client that waits, for only who reads learns that it left. What it says is kept, to a limit.
 *
 * @returns Stops it, and gives what was said.
 */
function watch(client: Duplex): () => Buffer[] {
  const said: Buffer[] = []
  let size = 0
  const keep = (chunk: Buffer) => {
    said.push(chunk)
    size += chunk.length
    if (size > client.readableHighWaterMark) client.pause()
  }
  const leave = () => client.destroy()
  client.on('data', keep)
  client.on('end', leave)
  return () => {
    client.off('data', keep)
    client.off('end', leave)
    return said
  }
}

function join(client: Socket, socket: Duplex, tunnels: OpenTunnels, sendTimeoutMs: number): void {
  tunnels.add(client)
  client.pipe(socket)
  pipeLimited(socket, client, sendTimeoutMs)
  client.on('close', () => {
    tunnels.delete(client)
    socket.destroy()
  })
  client.on('error', () => socket.destroy())
  socket.on('error', () => client.destroy())
  socket.on('close', () => client.destroy())
}

/** A response's head as bytes: there is no server's response for a connection that leaves it. */
function headOf(
  response: http.IncomingMessage,
  setCookie: string | undefined,
  connection: 'close' | 'upgrade' = 'upgrade',
): Buffer {
  const headers = responseHeaders(response.rawHeaders)
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ''}`]
  for (let index = 0; index + 1 < headers.length; index += 2) {
    lines.push(`${headers[index]}: ${headers[index + 1]}`)
  }
  lines.push(`connection: ${connection}`)
  const { upgrade } = response.headers
  if (connection === 'upgrade' && upgrade !== undefined) lines.push(`upgrade: ${upgrade}`)
  if (setCookie !== undefined) lines.push(`set-cookie: ${setCookie}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

function refuse(client: Duplex, statusCode: number): void {
  if (!client.writable) return
  const status = `${statusCode} ${http.STATUS_CODES[statusCode]}`
  client.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
