import {
  createServer,
  type IncomingMessage,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Split } from '@sluice/core'
import { checkOptions } from '../dispatcher/option-schemas.ts'
import type { TrafficOptions } from '../dispatcher/options.ts'
import { createTraffic } from '../dispatcher/traffic.ts'
import type { Router } from '../router.ts'
import { answerError } from './answer-error.ts'
import { forward } from './forward.ts'
import type { ForwardRules } from './headers.ts'
import { proxySchema } from './proxy-schema.ts'
import { createKeyReader, type RequestKey, type StickyCookie } from './sticky-cookie.ts'
import { forwardUpgrade, type OpenTunnels } from './upgrade.ts'

/** How a proxy forwards. */
export interface SplitProxyOptions<Arm extends string = string> extends TrafficOptions<Arm> {
  /** For whom a request is. Default: the header `x-sluice-key`. Where that is empty, the sticky cookie. */
  readonly keyOf?: (request: IncomingMessage) => string | undefined
  /** How clients without a key are recognised again; `false`: not at all. Default `{}`. */
  readonly stickyCookie?: StickyCookie | false
  /** Whether the Host header stays as the client sent it (`preserve`, the default) or names the origin. */
  readonly host?: 'preserve' | 'origin'
  /**
   * Whether `X-Forwarded-*` and `Forwarded` of the client are believed, and added to. Default false: they are replaced by what
   * this proxy sees. For a proxy behind another one.
   */
  readonly trustsForwarded?: boolean
  /** How long `close` lets what is under way go on, in ms; then it is broken off. Default 30 s. */
  readonly drainMs?: number
  /**
   * How long a client may read nothing of an answer that waits for it, in ms; then it is broken off, and the origin let go. 0:
   * for ever. Default 60 s.
   */
  readonly sendTimeoutMs?: number
  /** Options of Node's server: its time limits and `maxHeaderSize`. */
  readonly server?: ServerOptions
}

/** As Kubernetes waits for a pod that ends. */
const defaultDrainMs = 30_000

/** As nginx waits for a client that reads nothing (`send_timeout`). */
const defaultSendTimeoutMs = 60_000

/** A reverse proxy that splits traffic between arms. */
export interface SplitProxy<Arm extends string = string> extends Router {
  readonly weights: Readonly<Record<Arm, number>>
  apply(weights: Split): Promise<void>
  read(): Promise<Readonly<Record<Arm, number>>>
  /**
   * Listens; resolves with the address.
   *
   * @param port Default 0: any that is free.
   * @param host Default `127.0.0.1`.
   */
  listen(port?: number, host?: string): Promise<AddressInfo>
  /** For a server of the application's own, one with TLS say: its listener of `request`. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  /** The same for `upgrade`. */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * Changes the servers of an arm. What is under way on those that are gone ends there.
   *
   * @throws SluiceError `unknown_arm`, `invalid_arms`.
   */
  setOrigins(arm: Arm, origins: readonly string[]): void
  /** Accepts nothing more, lets what is under way end, for `drainMs` at most, and closes every connection. Upgraded ones are broken off. */
  close(): Promise<void>
}

/**
 * Creates a reverse proxy over `node:http`.
 *
 * @throws SluiceError `invalid_arms`, `invalid_split`, `invalid_option`, with pointer, expected and found.
 */
export function createSplitProxy<Arm extends string>(
  options: SplitProxyOptions<Arm>,
): SplitProxy<Arm> {
  checkOptions(proxySchema, options)
  const { stickyCookie = {}, keyOf, host = 'preserve', trustsForwarded = false } = options
  const { drainMs = defaultDrainMs, sendTimeoutMs = defaultSendTimeoutMs } = options
  const rules: ForwardRules = { host, trustsForwarded }
  const readKey = createKeyReader(stickyCookie === false ? undefined : stickyCookie, keyOf)
  const traffic = createTraffic(options, () => {})
  const { report } = traffic
  const tunnels: OpenTunnels = new Set()
  let isClosing = false
  const server = createServer({ ...options.server }, handle)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue()
    handle(request, response)
  })
  server.on('upgrade', handleUpgrade)

  function keyFor(request: IncomingMessage): RequestKey {
    try {
      return readKey(request)
    } catch (error) {
      report(error)
      return { key: undefined }
    }
  }

  /** While it closes, a connection ends with the answer it waits for. */
  function closeSpare(): void {
    if (isClosing) setImmediate(() => server.closeIdleConnections())
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    if (isClosing) response.shouldKeepAlive = false
    response.on('close', closeSpare)
    try {
      forward(traffic, rules, request, response, keyFor(request), sendTimeoutMs)
    } catch (error) {
      report(error)
      answerError(response, 502)
    }
  }

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      const key = keyFor(request)
      const patience = { ...options.pool, sendTimeoutMs }
      forwardUpgrade(traffic, rules, request, socket, head, key, tunnels, patience)
    } catch (error) {
      report(error)
      socket.destroy()
    }
  }

  return {
    name: 'proxy',
    get weights() {
      return traffic.split.weights
    },
    apply: async (weights) => traffic.apply(weights),
    read: () => traffic.split.read(),
    listen: (port = 0, address = '127.0.0.1') =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, address, () => {
          server.off('error', reject)
          // A connection that cannot be accepted is not the end of the others.
          server.on('error', report)
          resolve(server.address() as AddressInfo)
        })
      }),
    handle,
    handleUpgrade,
    setOrigins: (arm, origins) => traffic.setOrigins(arm, origins),
    async close() {
      isClosing = true
      const closed = new Promise<void>((resolve) => {
        if (server.listening) server.close(() => resolve())
        else resolve()
      })
      server.closeIdleConnections()
      for (const tunnel of tunnels) tunnel.destroy()
      const limit = setTimeout(() => {
        server.closeAllConnections()
        for (const tunnel of tunnels) tunnel.destroy()
        void traffic.destroy(null)
      }, drainMs)
      await closed
      await traffic.close()
      clearTimeout(limit)
    },
  }
}
