/** How a `redis` client (node-redis) is handed a script: keys apart from arguments. */
export interface ScriptOptions {
  keys: string[]
  arguments: string[]
}

/**
 * What the store uses of a client of the package `redis`, 5 or 6: `createClient`, `createCluster`,
 * `createSentinel`.
 */
export interface NodeRedisClient {
  eval(script: string, options: ScriptOptions): Promise<unknown>
  evalSha(hash: string, options: ScriptOptions): Promise<unknown>
  duplicate(): NodeRedisSubscriber
  /** Only a Sentinel client has it. */
  getMasterNode?(): unknown
}

/** What the store uses of such a client to subscribe. */
export interface NodeRedisSubscriber {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: () => void): Promise<unknown>
  unsubscribe(channel: string, listener: () => void): Promise<unknown>
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
  destroy(): unknown
}

/** What the store uses of a client of the package `ioredis` 5: `Redis`, `Cluster`. */
export interface IoredisClient {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  evalsha(hash: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  duplicate(): IoredisSubscriber
  /** The connection in use: another one after each reconnection. */
  readonly stream?: unknown
  /** The clients that a cluster's has of its nodes. */
  nodes?(role: 'master'): readonly { readonly stream?: unknown }[]
}

/** What the store uses of such a client to subscribe. */
export interface IoredisSubscriber {
  readonly status: string
  connect(): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  on(event: string, listener: (channel: string) => void): unknown
  off(event: string, listener: (channel: string) => void): unknown
  disconnect(): void
}

/** A connected client of either package. */
export type RedisClient = NodeRedisClient | IoredisClient

/** A client of either package that serves subscriptions. */
export type RedisSubscriber = NodeRedisSubscriber | IoredisSubscriber
