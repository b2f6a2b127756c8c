import { randomUUID } from 'node:crypto'
import { jetstream } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import type { Store } from '@sluice/stores'
import { createNatsStore, type NatsStore } from '@sluice/stores/nats'
import { storeContract } from '@sluice/stores/testing'
import { afterAll, describe, it } from 'vitest'
import { nats } from '../services/nats.ts'
import { describeWith } from '../services/service.ts'

const connections: NatsConnection[] = []

afterAll(async () => {
  for (const connection of connections) await connection.close()
})

async function open(url: string, name: string): Promise<NatsStore> {
  const connection = await connect({
    servers: url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  })
  connections.push(connection)
  return createNatsStore({ connection, jetstream: jetstream(connection), name })
}

describeWith(nats, 'the NATS store on a server', (service) => {
  const names = new Map<Store, string>()

  storeContract(
    'nats',
    {
      async create() {
        const name = randomUUID()
        const store = await open(service().url, name)
        await store.createStreams()
        names.set(store, name)
        return store
      },
      reopen: async (store) => open(service().url, names.get(store)!),
    },
    { describe, it },
  )
})
