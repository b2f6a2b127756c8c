import { writeFile } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'
import { startDataServer } from './data-server.ts'
import { findBinary, freePort } from './process.ts'
import type { Service, ServiceKind } from './service.ts'

const binary = findBinary('haproxy')

/** One server of the backend `web`, as the configuration names it. */
export interface BackendServer {
  readonly name: string
  readonly port: number
  /** Default 1. */
  readonly weight?: number
  /** Further words of its line, such as `check` or a cookie. */
  readonly settings?: string
}

/** A HAProxy with one frontend, one backend `web`, and its runtime API on a socket and on TCP. */
export interface HaproxyService extends Service {
  /** The path of the socket of level admin. */
  readonly socket: string
  /** TCP ports of the runtime API. */
  readonly api: { readonly admin: number; readonly user: number }
}

/** What a test may say of its HAProxy. */
export interface HaproxySettings {
  /** Default roundrobin. */
  readonly balance?: string
  /** Further lines of the backend. */
  readonly backend?: readonly string[]
}

/** Starts a HAProxy before the given servers. */
export async function startHaproxy(
  servers: readonly BackendServer[],
  settings: HaproxySettings = {},
): Promise<HaproxyService> {
  // It binds three ports that were free a moment ago: on a busy machine one may be taken meanwhile.
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(servers, settings)
    } catch (error) {
      if (tries === 3) throw error
    }
  }
}

async function startOnce(
  servers: readonly BackendServer[],
  settings: HaproxySettings,
): Promise<HaproxyService> {
  const api = { admin: await freePort(), user: await freePort() }
  let socket = ''
  const service = await startDataServer({
    name: 'haproxy',
    command: binary as string,
    args: (directory) => ['-db', '-f', join(directory, 'haproxy.cfg')],
    url: (port) => `http://127.0.0.1:${port}`,
    prepare: async (directory, port) => {
      socket = join(directory, 'api.sock')
      const text = configure({ port, api, socket, servers, settings })
      await writeFile(join(directory, 'haproxy.cfg'), text)
    },
    // That somebody listens on the port does not say that it is this HAProxy.
    isReady: () => isListening(socket),
  })
  return { ...service, socket, api }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(path)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', () => resolve(false))
  })
}

/** A HAProxy that serves nobody. */
export const haproxy: ServiceKind = haproxyBefore([])

/** A HAProxy before servers on the given ports, for `describeWith`. */
export function haproxyBefore(servers: readonly BackendServer[]): ServiceKind {
  return {
    name: 'haproxy',
    binary,
    install: 'apt-get install haproxy',
    start: () => startHaproxy(servers),
  }
}

function configure(made: {
  readonly port: number
  readonly api: HaproxyService['api']
  readonly socket: string
  readonly servers: readonly BackendServer[]
  readonly settings: HaproxySettings
}): string {
  const { port, api, socket, servers, settings } = made
  const { balance = 'roundrobin', backend = [] } = settings
  const lines = servers.map(({ name, port: at, weight = 1, settings: more = '' }) =>
    `  server ${name} 127.0.0.1:${at} weight ${weight} ${more}`.trimEnd(),
  )
  return `global
  stats socket ${socket} mode 600 level admin
  stats socket ipv4@127.0.0.1:${api.admin} level admin
  stats socket ipv4@127.0.0.1:${api.user} level user
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:${port}
  default_backend web
backend web
  balance ${balance}
${backend.map((line) => `  ${line}\n`).join('')}${lines.join('\n')}
`
}
