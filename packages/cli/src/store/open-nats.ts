import { connectMs, loadDriver, unreachable } from './connect.ts'
import type { NatsClient, NatsJetStream } from './drivers.ts'
import { nameOf, parseAddress, takeSetting } from './store-address.ts'
import type { OpenStore, StorePlace } from './store-contract.ts'

export async function openNats({ where, folder }: StorePlace): Promise<OpenStore> {
  const url = parseAddress(where)
  const log = takeSetting(url, 'name') ?? 'sluice'
  const name = nameOf(url)
  const { connect } = await loadDriver<NatsClient>('@nats-io/transport-node', name, folder)
  const { jetstream } = await loadDriver<NatsJetStream>('@nats-io/jetstream', name, folder)
  const { createNatsStore } = await import('@sluice/stores/nats')
  const { username: user, password: pass } = url
  const login =
    user === '' ? {} : { user: decodeURIComponent(user), pass: decodeURIComponent(pass) }
  const connection = await connect({
    servers: url.host,
    timeout: connectMs,
    reconnect: false,
    ...login,
  }).catch((cause: unknown) => {
    throw unreachable(name, cause)
  })
  const store = createNatsStore({ connection, jetstream: jetstream(connection), name: log })
  return {
    store,
    name,
    askServer: async () => ({ product: 'NATS', ...connection.info }),
    async close() {
      await store.close()
      await connection.close()
    },
  }
}
