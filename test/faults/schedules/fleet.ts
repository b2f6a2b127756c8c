import { createReplica, type Head, type Replica } from '@sluice/stores'
import type { ManualClock } from '@sluice/stores/testing'
import { createRandom, pick } from '../../arbitraries/random.ts'
import { type Connection, connect } from './connection.ts'
import type { ModelLog } from './model-log.ts'
import type { Weather } from './weather.ts'
import { type Witness, watchReplica } from './witness.ts'

/** A process with a replica of the log. */
export interface Process {
  readonly replica: Replica
  readonly connection: Connection
  readonly witness: Witness
  /** Never writes, and so may live through whatever happens to the log. */
  readonly isFollower: boolean
  isClosing: boolean
  /** A head that a decision may rest on, and how often the log had been replaced by then. */
  noted: { readonly head: Head; readonly replacements: number } | undefined
}

/** The processes of a schedule. */
export interface Fleet {
  readonly processes: readonly Process[]
  /** Closes in progress. */
  readonly closing: ReadonlySet<Promise<void>>
  open(isFollower: boolean): Promise<void>
  /** Begins to close a process. */
  close(process: Process): Promise<void>
  /** Closes a process, and opens another one without waiting for it. */
  restart(process: Process): Promise<void>
}

/** What a fleet is made of. */
export interface FleetOptions {
  readonly seed: number
  readonly log: ModelLog
  readonly clock: ManualClock
  readonly random: () => number
  readonly weather: () => Weather
  readonly pollMs: number
  readonly storeTimeoutMs: number
}

/** Creates a fleet without a process. */
export function createFleet(options: FleetOptions): Fleet {
  const { seed, log, clock, random, weather, pollMs, storeTimeoutMs } = options
  const processes: Process[] = []
  const closing = new Set<Promise<void>>()
  let opened = 0

  async function create(isFollower: boolean): Promise<Process> {
    const connection = connect({ log, clock, random, weather, patienceMs: storeTimeoutMs })
    const replica = createReplica({
      store: connection,
      clock,
      // Replicas must not share a seed; no schedule opens as many as 1,000.
      random: createRandom(seed * 1_000 + opened++),
      pollMs,
      storeTimeoutMs,
      snapshotEvery: pick(random, [0, 3, 1_000]),
    })
    const witness = watchReplica(replica, { log, clock, lookMs: 2 * storeTimeoutMs })
    // One that was not started yet may write and be asked all the same.
    if (random() < 0.9) await replica.start()
    return { replica, connection, witness, isFollower, isClosing: false, noted: undefined }
  }

  function close(process: Process): Promise<void> {
    process.isClosing = true
    const ended = process.replica.close().then(() => void closing.delete(ended))
    closing.add(ended)
    return ended
  }

  return {
    processes,
    closing,
    close,
    async open(isFollower) {
      processes.push(await create(isFollower))
    },
    async restart(process) {
      if (!process.isClosing) void close(process)
      processes[processes.indexOf(process)] = await create(process.isFollower)
    },
  }
}
