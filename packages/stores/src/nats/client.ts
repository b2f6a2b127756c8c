/**
 * The few methods of the application's NATS client that the store calls, so that this package
 * neither imports nor pins one. A `NatsConnection` of `@nats-io/transport-node` 3 and what
 * `jetstream(connection)` of `@nats-io/jetstream` 3 answers have them.
 */
export interface NatsConnectionLike {
  readonly info?: { readonly max_payload: number } | undefined
  subscribe(
    subject: string,
    options: { callback: (error: Error | null) => void },
  ): { unsubscribe(): void }
  /** Resolves when the server has answered, and so has taken what was sent before. */
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
  isClosed(): boolean
  /** Resolves with the reason, once the connection is closed for good. */
  closed(): Promise<unknown>
}

/** What `jetstream(connection)` answers. */
export interface JetStreamLike {
  publish(subject: string, payload: string | Uint8Array, options: PublishRules): Promise<Stored>
  jetstreamManager(checkApi: boolean): Promise<{ readonly streams: StreamsLike }>
}

/** On which condition a stream takes a message. */
export interface PublishRules {
  readonly expect: { readonly streamName: string; readonly lastSequence?: number }
  /** How often the client sends it at the most. */
  readonly retries: number
}

/** Where a stream put a message. */
export interface Stored {
  readonly seq: number
}

/** `manager.streams`. */
export interface StreamsLike {
  info(stream: string, options?: { readonly subjects_filter: string }): Promise<StreamInfo>
  add(settings: StreamSettings): Promise<StreamInfo>
  purge(stream: string, options: PurgeRules): Promise<{ readonly purged: number }>
  /** Asks the stream's leader; answers null where there is no such message. */
  getMessage(
    stream: string,
    query: { seq: number } | { last_by_subj: string },
  ): Promise<Message | null>
  deleteMessage(stream: string, seq: number, erase: boolean): Promise<boolean>
}

/** What to drop: before a sequence, all but the newest, or all of a subject. */
export type PurgeRules =
  | { filter?: string; seq: number }
  | { filter?: string; keep: number }
  | { filter: string }

/** What a server tells of a stream. */
export interface StreamInfo {
  readonly config: FoundSettings
  readonly state: {
    readonly first_seq: number
    readonly last_seq: number
    readonly subjects?: Readonly<Record<string, number>>
  }
}

/** How a stream is set, whoever made it. */
export interface FoundSettings {
  readonly subjects?: readonly string[]
  readonly sources?: readonly unknown[] | undefined
  readonly retention: string
  readonly discard: string
  readonly max_age: number
  readonly max_msgs: number
  readonly max_msgs_per_subject: number
  readonly num_replicas: number
}

/** A stored message. */
export interface Message {
  readonly subject: string
  readonly seq: number
  readonly data: Uint8Array
  /** When the stream took it, by its server's clock. */
  readonly time: Date
}

/** What the store sets on a stream it makes. */
export interface StreamSettings {
  name: string
  description: string
  subjects: string[]
  storage: 'file' | 'memory'
  num_replicas: number
  retention: 'limits'
  discard: 'old' | 'new'
  /** Nanoseconds; 0 keeps for ever. */
  max_age: number
  /** -1 sets no limit; so do the two below. */
  max_msgs: number
  max_msgs_per_subject: number
  max_bytes: number
  deny_delete?: boolean
  republish?: { src: string; dest: string; headers_only: boolean }
}
