import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FlagDefinitions, Json, SluiceError } from '@sluice/core'
import type { CompactableStore } from './compaction.ts'
import type { FlagClient } from './flag-client.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { createMemoryStore } from './memory.ts'
import { type OpenFlagsOptions, openFlags } from './open-flags.ts'
import type { Hooks } from './replica.fixture.ts'
import type { Store } from './store.ts'

/** Options of a client whose keys the test's compiler need not know. */
export type LooseOptions = Partial<Omit<OpenFlagsOptions, 'definitions'>> & {
  readonly definitions?: FlagDefinitions
}

/** A client and everything it told since it was opened. */
export interface Heard {
  readonly client: FlagClient
  readonly errors: SluiceError[]
  readonly changes: (readonly string[])[]
  readonly statuses: string[]
}

/** A memory store under a manual clock, and clients that must leave nothing behind. */
export interface FlagsFixture {
  readonly clock: ManualClock
  readonly store: CompactableStore
  /** A folder of the test's own. */
  readonly folder: string
  /** Opens a client in production, closed after the test. */
  open(options?: LooseOptions): FlagClient
  /** The same, listening from the start. */
  hear(options?: LooseOptions): Heard
  /** The same, caught up. */
  live(options?: LooseOptions): Promise<Heard>
  /** The store with some methods exchanged. */
  storeWith(methods: Partial<Store>): Store
  /** Lets time pass and files be read, until the condition holds. */
  until(condition: () => boolean): Promise<void>
  /** Lets time pass, a tenth of a second each round, in which files are read. */
  rounds(count: number): Promise<void>
}

/** Real file system calls end within this many rounds, or never. */
const mostRounds = 2_000

/** Sets up a fixture anew for each test of the file. */
export function useFlags({ beforeEach, afterEach }: Hooks): FlagsFixture {
  let clock = createManualClock()
  let store = createMemoryStore()
  let folder = ''
  let clients: FlagClient[] = []

  beforeEach(() => {
    clock = createManualClock()
    store = createMemoryStore()
    folder = mkdtempSync(join(tmpdir(), 'sluice-flags-'))
    clients = []
  })
  afterEach(async () => {
    for (const client of clients) await client.close()
    assert.equal(clock.pendingTimers, 0, 'timers left after close')
    rmSync(folder, { recursive: true, force: true })
  })

  function open(options: LooseOptions = {}): FlagClient {
    const client = openFlags<FlagDefinitions>({
      ...{ store, clock, environment: 'production' },
      ...options,
    } as OpenFlagsOptions)
    clients.push(client)
    return client
  }

  async function pass(durationMs: number): Promise<void> {
    await clock.advance(durationMs)
    // Behind the calls to the file system that others have begun, and so as slow as they are.
    await stat(folder)
  }

  function hear(options: LooseOptions = {}): Heard {
    const heard: Heard = { client: open(options), errors: [], changes: [], statuses: [] }
    heard.client.on('error', (error) => heard.errors.push(error))
    heard.client.on('change', (keys) => heard.changes.push(keys))
    heard.client.on('status', (status) => heard.statuses.push(status))
    return heard
  }

  return {
    get clock() {
      return clock
    },
    get store() {
      return store
    },
    get folder() {
      return folder
    },
    open,
    hear,
    async live(options) {
      const heard = hear(options)
      assert.equal(await heard.client.ready(), true)
      return heard
    },
    storeWith: (methods) => ({ ...store, ...methods }),
    async until(condition) {
      for (let round = 0; round < mostRounds; round += 1) {
        if (condition()) return
        await pass(100)
      }
      assert.fail('the condition never held')
    },
    async rounds(count) {
      for (let round = 0; round < count; round += 1) await pass(100)
    },
  }
}

/** Why a test changes something. */
export const note = { actor: 'ann', reason: 'a test' }

/** Writes keys of the log in one commit. */
export async function write(
  { replica }: FlagClient,
  values: { readonly [key: string]: Json | null },
): Promise<void> {
  const changes = Object.entries(values).map(([key, value]) => ({ key, value }))
  await replica.commit({ ...note, action: 'define', changes })
}

/** A flag that is on for everybody. */
export const on = { enabled: true, rollout: 100, environments: ['production'] } as const

/** A flag that is listed and switched off. */
export const off = { ...on, enabled: false } as const
