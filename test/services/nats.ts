import { startDataServer } from './data-server.ts'
import { findBinary } from './process.ts'
import type { ServiceKind } from './service.ts'

const binary = findBinary('nats-server')

/** A NATS server with JetStream on a folder of its own. */
export const nats: ServiceKind = {
  name: 'nats-server',
  binary,
  install: 'apt-get install nats-server',
  start: () =>
    startDataServer({
      name: 'nats',
      command: binary as string,
      args: (directory, port) => ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', directory],
      url: (port) => `nats://127.0.0.1:${port}`,
    }),
}
