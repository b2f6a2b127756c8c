import { startDataServer } from './data-server.ts'
import { findBinary } from './process.ts'
import type { ServiceKind } from './service.ts'

const binary = findBinary('redis-server')

/** A Redis that writes every command to its disk before it answers. */
export const redis: ServiceKind = {
  name: 'redis-server',
  binary,
  install: 'apt-get install redis-server',
  start: () => startRedisWith(['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']),
}

/** A Redis with settings of the test's. */
export function startRedisWith(settings: readonly string[]) {
  return startDataServer({
    name: 'redis',
    command: binary as string,
    args: (directory, port) => {
      const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory]
      return [...place, ...settings]
    },
    url: (port) => `redis://127.0.0.1:${port}`,
  })
}
