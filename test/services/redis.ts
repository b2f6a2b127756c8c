import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBinary, freePort, serverProcess } from './process.ts'
import type { Service, ServiceKind } from './service.ts'

const binary = findBinary('redis-server')

/** A Redis that writes every command to its disk before it answers. */
export const redis: ServiceKind = {
  name: 'redis-server',
  binary,
  install: 'apt-get install redis-server',

  async start(): Promise<Service> {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-redis-'))
    const port = await freePort()
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, ...durable]
    const server = serverProcess({ command: binary as string, args, port })
    await server.start()
    return {
      url: `redis://127.0.0.1:${port}`,
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
