import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import net from 'node:net'

/** A server on the loopback that ends with its test. */
export interface Listening {
  readonly url: string
  readonly port: number
  /** Ends it with all its connections. */
  close(): Promise<void>
}

/** Serves a listener of `node:http` on a free port, or on the given one. */
export async function serveHttp(listener: RequestListener, port = 0): Promise<Listening> {
  const server = createServer(listener)
  const listening = await listen(server, port)
  return {
    ...listening,
    async close() {
      server.closeAllConnections()
      await listening.close()
    },
  }
}

/** Serves bytes as they are, whatever HTTP says about them. */
export async function serveBytes(answer: (socket: net.Socket) => void): Promise<Listening> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    // A peer that breaks off is what these tests are about.
    socket.on('error', () => {})
    answer(socket)
  })
  const listening = await listen(server, 0)
  return {
    ...listening,
    async close() {
      for (const socket of sockets) socket.destroy()
      await listening.close()
    },
  }
}

async function listen(server: Server | net.Server, port: number): Promise<Listening> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as net.AddressInfo
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    async close() {
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}
