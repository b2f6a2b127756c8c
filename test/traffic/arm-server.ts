import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server of one arm that says its name, for tests of routers. */
export interface ArmServer {
  readonly arm: string
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  /** Requests that reached it. */
  readonly count: number
  /** Connections that are open. */
  readonly connections: number
  /** Resolves once a request for `/hold` waits here. */
  held(): Promise<void>
  /** Answers every request that is held, and lets further ones through. */
  release(): void
  /** Breaks every connection and stops listening: a process that was killed. */
  kill(): Promise<void>
  /** Listens again on the same port. */
  restart(): Promise<void>
  close(): Promise<void>
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Listens on a free port of the loopback. Any request is answered with the arm's name; one for `/hold` when it is released.
 *
 * @param answer What it does instead.
 */
export async function createArmServer(arm: string, answer?: Answer): Promise<ArmServer> {
  let count = 0
  let connections = 0
  let waiting: ServerResponse[] = []
  let arrived: (() => void)[] = []
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    count++
    response.setHeader('x-arm', arm)
    if (request.url === '/hold') {
      waiting.push(response)
      for (const tell of arrived) tell()
      arrived = []
    } else if (answer) answer(request, response)
    else {
      request.resume()
      response.end(arm)
    }
  })
  server.on('connection', (socket) => {
    connections++
    socket.on('close', () => connections--)
  })
  await listen(0)
  const { port } = server.address() as AddressInfo

  function listen(on: number): Promise<void> {
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(on, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  }

  function kill(): Promise<void> {
    return new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  return {
    arm,
    port,
    origin: `http://127.0.0.1:${port}`,
    get count() {
      return count
    },
    get connections() {
      return connections
    },
    held: () =>
      waiting.length > 0 ? Promise.resolve() : new Promise((resolve) => arrived.push(resolve)),
    release() {
      const held = waiting
      waiting = []
      for (const response of held) response.end(arm)
    },
    kill,
    restart: () => listen(port),
    close: () => (server.listening ? kill() : Promise.resolve()),
  }
}
