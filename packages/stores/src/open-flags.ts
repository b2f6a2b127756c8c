import type { FlagDefinitions, SegmentDefinitions, SluiceError } from '@sluice/core'
import type { Exact } from '@sluice/core/node'
import { checkOpenOptions } from './check-open-options.ts'
import { type Clock, systemClock } from './clock.ts'
import type { DefinitionSource } from './definition-source.ts'
import { createEmitter, type Emitter } from './emitter.ts'
import { listenerFailed } from './events.ts'
import { fileSource } from './file-source.ts'
import {
  type FlagClient,
  type FlagClientEvents,
  type FlagClientStatus,
  LiveFlagClient,
} from './flag-client.ts'
import { createFlagCommands } from './flag-commands.ts'
import { isAboutFlag } from './flag-keys.ts'
import { createFlagView } from './flag-view.ts'
import type { LogEntry } from './flag-view-contract.ts'
import { flagsAt } from './flags-at.ts'
import { createReplica } from './replica.ts'
import type { ReplicaOptions } from './replica-contract.ts'

/** Of what a flag client is made. */
export interface OpenFlagsOptions<D extends FlagDefinitions = FlagDefinitions>
  extends Pick<ReplicaOptions, 'store' | 'pollMs' | 'cache' | 'random' | 'snapshotEvery'> {
  /**
   * The environment whose settings apply, spelt as in the definitions: letters, digits, dots, hyphens
   * and underscores. Default `development`.
   */
  readonly environment?: string
  /** Definitions from code: the lowest layer, below the source's and the log's. */
  readonly definitions?: D & Exact<D>
  /** Named conditions from code. */
  readonly segments?: SegmentDefinitions
  /** Definitions from elsewhere: the path of a JSON or YAML file, or a source. */
  readonly definitionsFrom?: string | DefinitionSource
  /** Default: {@link systemClock}. */
  readonly clock?: Clock
}

/**
 * Opens flags that follow a store. It returns at once, answering from the definitions, and becomes
 * live by itself; `ready` waits for that.
 *
 * @throws SluiceError Where the definitions from code, or a file's first ones, are refused;
 * `definitions_unreadable` for a missing file; `invalid_environment`; `invalid_option`.
 */
export function openFlags<const D extends FlagDefinitions = FlagDefinitions>(
  options: OpenFlagsOptions<D>,
): FlagClient<D> {
  checkOpenOptions(options)
  const { environment = 'development', clock = systemClock, definitionsFrom } = options
  const events: Emitter<FlagClientEvents> = createEmitter((name, cause) => {
    events.tell('error', listenerFailed(name, cause))
  })
  const report = (error: SluiceError) => events.tell('error', error)
  const replica = createReplica(options)
  const view = createFlagView({
    environment,
    clock: clock.now,
    definitions: options.definitions ?? {},
    segments: options.segments ?? {},
    revisionOf: replica.revisionOf,
    report,
  })
  const client = new LiveFlagClient({
    view,
    replica,
    commands: createFlagCommands(replica, view, environment),
    status: () => {
      const isDefined = view.current.keys().length > 0
      return replica.status === 'defaults' && isDefined ? 'bootstrap' : replica.status
    },
    ready: replica.ready,
    brake: (key, exposure) => take(() => view.brake(key, exposure)),
    release: (key) => take(() => view.brake(key, undefined)),
    history: (key) => replica.history((each) => isAboutFlag(each, key)),
    at: (time, past) => flagsAt(replica, view.past, time, past),
    on: events.on,
    async close() {
      isClosed = true
      stopSource?.()
      await replica.close()
      events.clear()
    },
  })
  let isClosed = false
  let toldStatus: FlagClientStatus | undefined

  function take(change: () => readonly string[]): void {
    const keys = change()
    client.swap()
    if (keys.length > 0) events.tell('change', keys)
    tellStatus()
  }

  function tellStatus(): void {
    const { status } = client
    if (status === toldStatus) return
    toldStatus = status
    events.tell('status', status)
  }

  function readEntry(key: string): LogEntry {
    const value = replica.get(key)?.value
    return { key, value, revision: replica.revisionOf(key) }
  }

  const source =
    typeof definitionsFrom === 'string' ? fileSource(definitionsFrom, { clock }) : definitionsFrom
  const stopSource = source?.start({
    accept(document) {
      if (!isClosed) take(() => view.define(document, source.origin))
    },
    report,
  })
  toldStatus = client.status
  replica.on('change', ({ revision }, keys) =>
    take(() => view.follow(keys.map(readEntry), revision)),
  )
  replica.on('reset', ({ revision }) => take(() => view.reset(replica.entries(), revision)))
  replica.on('status', tellStatus)
  replica.on('log.replaced', (change) => events.tell('log.replaced', change))
  replica.on('error', report)
  // It only waits for the cache, and never rejects.
  void replica.start()
  return client as unknown as FlagClient<D>
}
