import type { EvaluationContext, FlagDefinitions, KeyOf, SluiceError } from '@sluice/core'
import { createHealthRecorder, type HealthRecorder } from '@sluice/guards'
import type { FleetSource, Lease, RolloutController } from '@sluice/rollout'
import {
  type Clock,
  createEmitter,
  type Emitter,
  type FlagClient,
  type FlagClientEvents,
  type OpenFlagsOptions,
  openFlags as openFlagClient,
  systemClock,
} from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { type AnswerListener, tapAnswers } from './answer-taps.ts'
import { countAsked } from './asked-flags.ts'
import { resolveEnvironment } from './environment.ts'
import { joinFleet } from './fleet.ts'
import { type Branches, runGuarded } from './guarded.ts'
import { createLifecycleReader, type LifecycleReader } from './lifecycle.ts'
import { createIdentity } from './process-identity.ts'
import { createRequestReaders, type RequestReaders } from './request-readers.ts'

/** A flag client that also runs and counts an application's branches. */
export interface Flags<D extends FlagDefinitions = FlagDefinitions>
  extends FlagClient<D>,
    LifecycleReader,
    RequestReaders<D> {
  /**
   * Evaluates a flag, runs the branch it chooses, times it and counts it for the guards.
   *
   * @returns The branch's result as it is. The branch's own error comes through.
   */
  guarded<On, Off>(key: KeyOf<D>, context: EvaluationContext, branches: Branches<On, Off>): On | Off
  /**
   * Hears of each single question that these flags, and the scopes of requests, are asked from now on, with its answer and
   * whom it was asked for; `evaluateAll`, `all`, sheets and `explain` are not heard. The listener must be quick: whoever
   * asked waits. One that throws changes no answer, is told to `error` and hears nothing more.
   *
   * @returns A function that stops it.
   */
  onAnswer(listener: AnswerListener): () => void
  /** What was counted for a flag in this process. */
  health(key: KeyOf<D>): HealthRecorder
  /**
   * What is counted for a flag in every process that shares the store: the metric source of its rollout
   * controller. The others report while a rollout of the flag is under way.
   */
  fleet(key: KeyOf<D>): FleetSource
  /**
   * Counts, while nobody is on the canary yet, how those fare who will be: for each share. What was counted calibrates
   * the guards of a rollout that starts then. A controller with `calibrate` calls it.
   *
   * @throws SluiceError `invalid_option` where the flag has a `bucketBy` of its own.
   */
  watchCohorts(key: KeyOf<D>, percents: readonly number[]): void
  /** What {@link Flags.watchCohorts} counted, in every process: as `canary` those below the share, as `stable` the others. */
  cohort(key: KeyOf<D>, percent: number): FleetSource
  /**
   * This process's candidacy for the work on a flag's rollout, for its controller; undefined where the
   * store has no exchange.
   */
  createLease(key: KeyOf<D>, clock?: Clock): Lease | undefined
  /**
   * Puts what a controller's guards say onto the store's exchange, where it has one, for whoever watches the rollout from
   * outside. The controller of these flags calls it.
   */
  shareVerdicts(key: KeyOf<D>, controller: Pick<RolloutController, 'on' | 'state'>): void
}

/** {@link OpenFlagsOptions}, with a store of this process's own where none is given. */
export type FlagsOptions<D extends FlagDefinitions = FlagDefinitions> = Omit<
  OpenFlagsOptions<D>,
  'store'
> &
  Partial<Pick<OpenFlagsOptions<D>, 'store'>> & {
    /**
     * Names this process among those that share the store, for people; it may stay over a restart.
     * Default: host, process number and a random part.
     */
    readonly processId?: string
    /** A request in flight for longer counts as an error, in ms above 0. Default 30,000. */
    readonly requestTimeoutMs?: number
    /** Counts in the log which flags are asked for, and what they answer, once an hour. Default false. */
    readonly countAsked?: boolean
  }

/**
 * Opens flags that follow a store, in the environment of this process.
 *
 * Without a store the log lives in this process's memory, and is gone with it.
 *
 * @throws SluiceError where the definitions from code, or a file's first ones, are refused.
 */
export function openFlags<const D extends FlagDefinitions = FlagDefinitions>(
  options: FlagsOptions<D> = {},
): Flags<D> {
  const { processId, requestTimeoutMs, countAsked: isCounted = false, ...rest } = options
  const store = options.store ?? createMemoryStore()
  const environment = resolveEnvironment(options.environment)
  const client = openFlagClient<D>({ ...rest, store, environment })
  // What a listener throws of this event, the emitter drops.
  const errors: Emitter<Pick<FlagClientEvents, 'error'>> = createEmitter(() => {})
  const fleet = joinFleet({
    ...{ exchange: store.exchange, replica: client.replica, environment: client.environment },
    snapshot: () => client.snapshot(),
    identity: createIdentity(processId),
    clock: options.clock ?? systemClock,
    requestTimeoutMs,
    onError: (error) => errors.tell('error', error),
  })
  const { clock = systemClock } = options
  const onError = (error: unknown) => errors.tell('error', error as SluiceError)
  const taps = tapAnswers(client as never, onError)
  const asked = isCounted ? countAsked(client, { taps, clock, onError }) : undefined
  /** Counts what nobody reads. */
  const forUnknown = createHealthRecorder()
  function recorder(key: string): HealthRecorder {
    // A recorder of its own for every misspelt key would grow without bound.
    const isKnown = fleet.isCounted(key) || client.snapshot().inspect(key) !== undefined
    return isKnown ? fleet.recorder(key) : forUnknown
  }
  const guarded: Flags<D>['guarded'] = (key, context, branches) =>
    runGuarded(client.evaluate(key, context), context, branches, recorder(key))
  const requests = createRequestReaders(
    { client: client as never, tell: taps.tell, recorder },
    () => client.snapshot() as never,
    clock.now,
  )
  const { on, close } = client
  client.on('change', fleet.restartUnits)
  return Object.assign(client, {
    ...createLifecycleReader(client as never, clock),
    ...(requests as never as RequestReaders<D>),
    guarded,
    onAnswer: taps.onAnswer,
    health: fleet.recorder,
    fleet: fleet.source,
    watchCohorts: fleet.watchCohorts,
    cohort: fleet.cohortSource,
    createLease: fleet.createLease,
    shareVerdicts: fleet.shareVerdicts,
    on: ((name, listener) => {
      const stops = [on.call(client, name, listener)]
      if (name === 'error') stops.push(errors.on(name, listener as FlagClientEvents['error']))
      return () => {
        for (const stop of stops) stop()
      }
    }) satisfies FlagClient['on'],
    async close() {
      await asked?.close()
      await fleet.close()
      await close.call(client)
      errors.clear()
    },
  })
}
