import { SluiceError } from '../error.ts'
import type { HttpDispatcher } from '../http-dispatcher.ts'

/** Where Prometheus is, and how it is asked. */
export interface PrometheusServer {
  /** Its address, without `/api/v1`. A user and a password in it are sent as basic authentication. */
  readonly url: string
  /** Sent with every request: a bearer token, a tenant. */
  readonly headers?: { readonly [name: string]: string }
  /** For a proxy, certificates, a pool. Default: an agent of its own, which never tries again. */
  readonly dispatcher?: HttpDispatcher
  /** From the request to the last byte of its answer, in ms. Default 5,000. */
  readonly timeoutMs?: number
}

/** A server whose settings can be true. */
export interface CheckedServer {
  /** Where instant queries are answered. */
  readonly endpoint: URL
  /** As errors name it: without a password. */
  readonly name: string
  readonly headers: { readonly [name: string]: string }
  readonly timeoutMs: number
}

/** A look each second waits ten of them for an answer; half of that leaves room for a second try. */
const DEFAULT_TIMEOUT_MS = 5_000

/** Node's timers hold no more. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** @throws SluiceError `invalid_metric_source`. */
export function checkServer(server: PrometheusServer): CheckedServer {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, headers = {} } = server
  const url = URL.canParse(server.url) ? new URL(server.url) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw refuse(`url must be Prometheus's address, http://… or https://…, not ${server.url}`)
  }
  if (!(timeoutMs > 0 && timeoutMs <= LONGEST_TIMEOUT_MS)) {
    throw refuse(`timeoutMs must be above 0 and at most ${LONGEST_TIMEOUT_MS}, not ${timeoutMs}`)
  }
  const credentials = readCredentials(url)
  url.username = ''
  url.password = ''
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`
  return {
    endpoint: url,
    name: `Prometheus at ${url.origin}`,
    headers: { ...credentials, ...headers },
    timeoutMs,
  }
}

/** The error for settings that can not be true. */
export function refuse(message: string): SluiceError {
  return new SluiceError('invalid_metric_source', message)
}

function readCredentials({ username, password }: URL): { authorization?: string } {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
