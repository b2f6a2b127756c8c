import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A HAProxy of this example's own. */
export interface Haproxy {
  readonly url: string
  /** Where its runtime API listens. */
  readonly socket: string
  close(): Promise<void>
}

/** Debian puts it where a user's PATH does not look. */
const commands = ['haproxy', '/usr/sbin/haproxy']

/** The program, or undefined where it is not installed. */
export function findHaproxy(): string | undefined {
  return commands.find((command) => spawnSync(command, ['-v']).status === 0)
}

/** Starts one before the two arms. Its file gives everything to blue. */
export async function startHaproxy(
  command: string,
  ports: { readonly blue: number; readonly green: number },
): Promise<Haproxy> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-haproxy-'))
  const socket = join(directory, 'api.sock')
  const port = await freePort()
  const file = join(directory, 'haproxy.cfg')
  await writeFile(
    file,
    `global
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend shop
  bind 127.0.0.1:${port}
  default_backend shop
backend shop
  balance roundrobin
  server blue 127.0.0.1:${ports.blue} weight 256
  server green 127.0.0.1:${ports.green} weight 0
`,
  )
  const child = spawn(command, ['-db', '-f', file], { stdio: 'ignore' })
  await untilListening(port, child)
  return {
    url: `http://127.0.0.1:${port}`,
    socket,
    async close() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = net.connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await sleep(20)
  }
  throw new Error(`haproxy ended with ${child.exitCode}`)
}
