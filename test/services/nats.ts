import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBinary, freePort, serverProcess } from './process.ts'
import type { Service, ServiceKind } from './service.ts'

const binary = findBinary('nats-server')

/** A NATS server with JetStream on a folder of its own. */
export const nats: ServiceKind = {
  name: 'nats-server',
  binary,
  install: 'apt-get install nats-server',

  async start(): Promise<Service> {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-nats-'))
    const port = await freePort()
    const args = ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', directory]
    const server = serverProcess({ command: binary as string, args, port })
    await server.start()
    return {
      url: `nats://127.0.0.1:${port}`,
      port,
      kill: server.kill,
      restart: server.start,
      async stop() {
        await server.kill()
        await rm(directory, { recursive: true, force: true, maxRetries: 5 })
      },
    }
  },
}
