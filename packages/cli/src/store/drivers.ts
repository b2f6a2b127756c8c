import type { JetStreamLike, NatsConnectionLike } from '@sluice/stores/nats'
import type { PostgresPool } from '@sluice/stores/postgres'
import type { NodeRedisClient } from '@sluice/stores/redis'
import type { RedisAsker } from './server-facts.ts'

/** What is used of the package `redis`. */
export interface RedisPackage {
  createClient(options: {
    readonly url: string
    readonly disableOfflineQueue: boolean
    readonly socket: { readonly connectTimeout: number; readonly reconnectStrategy: false }
  }): NodeRedisClient & {
    on(event: 'error', listener: () => void): unknown
    connect(): Promise<unknown>
    destroy(): void
  } & RedisAsker
}

/** What is used of the package `pg`. */
export interface PgClient {
  readonly default: {
    readonly Pool: new (options: {
      readonly connectionString: string
      readonly connectionTimeoutMillis: number
      readonly max: number
    }) => PostgresPool & { end(): Promise<void> }
  }
}

/** What is used of the package `@nats-io/transport-node`. */
export interface NatsClient {
  connect(options: {
    readonly servers: string
    readonly timeout: number
    readonly reconnect: boolean
    readonly user?: string
    readonly pass?: string
  }): Promise<
    NatsConnectionLike & {
      readonly info?: { readonly max_payload: number; readonly version: string } | undefined
      close(): Promise<void>
    }
  >
}

/** What is used of the package `@nats-io/jetstream`. */
export interface NatsJetStream {
  jetstream(connection: NatsConnectionLike): JetStreamLike
}
