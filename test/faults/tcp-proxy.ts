import { once } from 'node:events'
import net from 'node:net'

/** A network between a client and a server on this machine, which a test can break. */
export interface TcpProxy {
  readonly port: number
  /** How many connections have been accepted so far. */
  readonly accepted: number
  /** Resets every connection. */
  cut(): void
  /** Whether new connections are reset at once. */
  refuse(isOn: boolean): void
  /** Nothing gets through, nobody is told; afterwards everything does, late, as TCP would have it. */
  blackHole(isOn: boolean): void
  /** The other end of every present connection is gone and never said so; new ones work. */
  halfOpen(): void
  /** Holds what passes back for a while, in each direction. */
  delay(delayMs: number): void
  /** Whether one bit of whatever the server says is flipped. */
  corrupt(isOn: boolean): void
  close(): Promise<void>
}

interface Link {
  readonly client: net.Socket
  readonly server: net.Socket
  isDead: boolean
}

/** Opens a proxy to a port on this machine. */
export async function openTcpProxy(targetPort: number): Promise<TcpProxy> {
  const links = new Set<Link>()
  let accepted = 0
  let isRefusing = false
  let isCorrupting = false
  let delayMs = 0
  let opening = Promise.resolve()
  let open = () => {}

  const server = net.createServer((client) => {
    accepted += 1
    if (isRefusing) {
      client.resetAndDestroy()
      return
    }
    const link: Link = { client, server: net.connect(targetPort, '127.0.0.1'), isDead: false }
    links.add(link)
    forward(link, client, link.server, (data) => data)
    forward(link, link.server, client, (data) => (isCorrupting ? flipBit(data) : data))
  })

  function forward(link: Link, from: net.Socket, to: net.Socket, change: (data: Buffer) => Buffer) {
    let sending = Promise.resolve()
    // One after another, each no earlier than the network lets it.
    const later = (send: () => void) => {
      const due = Date.now() + delayMs
      sending = sending
        .then(() => new Promise<void>((resolve) => setTimeout(resolve, due - Date.now()).unref()))
        .then(() => opening)
        .then(() => {
          if (!link.isDead) send()
        })
    }
    from.on('data', (data: Buffer) => later(() => to.write(change(data))))
    from.on('end', () => later(() => to.end()))
    from.on('error', () => {
      // Seen as a close.
    })
    from.on('close', (hadError) => {
      links.delete(link)
      if (hadError && !link.isDead) to.resetAndDestroy()
      else later(() => to.destroy())
    })
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const cut = () => {
    for (const link of links) {
      link.client.resetAndDestroy()
      link.server.destroy()
    }
    links.clear()
  }

  return {
    port: (server.address() as net.AddressInfo).port,
    get accepted() {
      return accepted
    },
    cut,
    refuse(isOn) {
      isRefusing = isOn
    },
    blackHole(isOn) {
      open()
      open = () => {}
      if (isOn) {
        opening = new Promise((resolve) => {
          open = resolve
        })
      }
    },
    halfOpen() {
      for (const link of links) {
        link.isDead = true
        link.server.destroy()
      }
    },
    delay(ms) {
      delayMs = ms
    },
    corrupt(isOn) {
      isCorrupting = isOn
    },
    async close() {
      open()
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

function flipBit(data: Buffer): Buffer {
  const changed = Buffer.from(data)
  const at = data.length >> 1
  changed[at] = (changed[at] as number) ^ 1
  return changed
}
