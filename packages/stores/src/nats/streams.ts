import { SluiceError } from '@sluice/core'
import type { StreamInfo, StreamSettings, StreamsLike } from './client.ts'
import type { Names } from './names.ts'

/** How the streams of a log are made. */
export interface CreateStreamsOptions {
  /** Servers that hold each commit: 1, 3 or 5. Default 1. */
  readonly replicas?: 1 | 3 | 5
  /** Where commits and snapshots lie. Default `file`; `memory` loses them with the server. */
  readonly storage?: 'file' | 'memory'
  /** Bytes that the commits may take; beyond them an append is `store_full`. Default: no limit. */
  readonly maxBytes?: number
}

/** A day, the longest that an exchange keeps a value, in nanoseconds. */
const dayNs = 86_400_000 * 1_000_000

/** The settings of a log's three streams. */
export function settingsOf(
  names: Names,
  { replicas = 1, storage = 'file', maxBytes = -1 }: CreateStreamsOptions = {},
): StreamSettings[] {
  const common = {
    num_replicas: replicas,
    retention: 'limits' as const,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_bytes: -1,
  }
  const log: StreamSettings = {
    ...common,
    name: names.log,
    description: 'Sluice commits: the sequence of a message is its revision',
    subjects: [names.commits],
    storage,
    max_bytes: maxBytes,
    // A full stream refuses; by default it would drop its first commits.
    discard: 'new',
    deny_delete: true,
    // Wakes readers when a commit is stored: one who heard the publisher might look too early.
    republish: { src: names.commits, dest: names.wake, headers_only: true },
  }
  const state: StreamSettings = {
    ...common,
    name: names.state,
    description: 'Sluice snapshots, and where the log was compacted',
    subjects: [names.cut, names.part, names.whole],
    storage,
    discard: 'new',
  }
  const exchange: StreamSettings = {
    ...common,
    name: names.exchange,
    description: 'Sluice exchange: short-lived shared values',
    subjects: [`${names.values}*`],
    storage: 'memory',
    discard: 'old',
    max_age: dayNs,
    max_msgs_per_subject: 1,
  }
  return [log, state, exchange]
}

/** Makes a stream unless it is there. One that is there keeps its size, storage and replicas. */
export async function createStream(streams: StreamsLike, settings: StreamSettings): Promise<void> {
  try {
    await streams.add(settings)
  } catch (error) {
    if ((error as { code?: unknown }).code !== nameInUse) throw error
    assertSound(await streams.info(settings.name), settings)
  }
}

/** The server's code for a stream that is there with other settings. */
const nameInUse = 10_058

/** What would drop messages by itself, or let in others, and so break the log. */
const essential = ['retention', 'discard', 'max_age', 'max_msgs', 'max_msgs_per_subject'] as const

/**
 * Refuses a stream that somebody made or changed so that it would lose commits.
 *
 * @throws SluiceError `store_unsupported`.
 */
export function assertSound({ config }: StreamInfo, settings: StreamSettings): void {
  for (const key of essential) {
    if (limit(config[key]) === limit(settings[key])) continue
    throw unsound(settings.name, key, String(settings[key]), String(config[key]))
  }
  const subjects = [...(config.subjects ?? [])].sort().join(' ')
  const expected = [...settings.subjects].sort().join(' ')
  if (subjects !== expected) throw unsound(settings.name, 'subjects', expected, subjects)
  if (config.sources?.length) throw unsound(settings.name, 'sources', 'none', 'some')
}

/** A limit of 0 is none, and so is -1. */
function limit(value: unknown): unknown {
  return typeof value === 'number' ? Math.max(0, value) : value
}

function unsound(stream: string, key: string, expected: string, found: string): SluiceError {
  return new SluiceError(
    'store_unsupported',
    `The stream ${stream} cannot hold a log: its ${key} must be ${expected}, not ${found}. ` +
      `Change it with: nats stream edit ${stream}`,
    { expected, found },
  )
}
