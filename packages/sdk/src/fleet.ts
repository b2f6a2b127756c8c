import { type FlagSet, type SluiceError, settingsFor } from '@sluice/core'
import { createHealthRecorder, type HealthRecorder } from '@sluice/guards'
import {
  createFleetSource,
  createLease,
  type FleetSource,
  isRolloutOver,
  type Lease,
  type ProcessIdentity,
  type RolloutController,
  rolloutLease,
  shareHealth,
  shareVerdicts,
} from '@sluice/rollout'
import { type Clock, type Exchange, type Replica, rolloutKey, systemClock } from '@sluice/stores'
import { cohortName, createCohorts } from './cohorts.ts'

/** This process among all that share its store. */
export interface Fleet {
  /** What this process counted for a flag. */
  recorder(flag: string): HealthRecorder
  /** Whether anything was asked of the flag here yet. */
  isCounted(flag: string): boolean
  /** To be told of flags that may choose other arms for their users from now on. */
  restartUnits(flags: readonly string[]): void
  /** What all processes count for a flag. */
  source(flag: string): FleetSource
  /** Counts who will be on a flag's canary, before they are; for each share of a plan. */
  watchCohorts(flag: string, percents: readonly number[]): void
  /** What all processes count of those who would be on the canary at a share, and of the others. */
  cohortSource(flag: string, percent: number): FleetSource
  /** This process's candidacy for the work on a flag's rollout; undefined where there is nobody to share it with. */
  createLease(flag: string, clock?: Clock): Lease | undefined
  /** Tells whoever watches from outside what a controller's guards say, while the flags are open. */
  shareVerdicts(flag: string, controller: Pick<RolloutController, 'on' | 'state'>): void
  /** Stops sharing, after a last report. */
  close(): Promise<void>
}

/** What a fleet is made of. */
export interface FleetOptions {
  readonly exchange: Exchange | undefined
  readonly replica: Replica
  /** The flags as they are. */
  readonly snapshot: () => FlagSet
  readonly environment: string
  readonly identity: ProcessIdentity
  readonly clock: Clock
  /** See `HealthRecorderOptions.timeoutMs`. */
  readonly requestTimeoutMs?: number | undefined
  readonly onError: (error: SluiceError) => void
}

/** A crashed process is followed by another within ten seconds; a pause of a few costs nothing. */
const leaseTtlMs = 6_000

/** Joins the fleet: from now on this process shares what it counts, while the log has a rollout that wants it. */
export function joinFleet(options: FleetOptions): Fleet {
  const { exchange, replica, snapshot, environment, identity, clock, onError, requestTimeoutMs } =
    options
  const recorders = new Map<string, HealthRecorder>()
  const sources = new Map<string, FleetSource>()

  // The machine's clock in finer parts than Clock has; one that was handed in is to be the only one.
  const recorderOptions = {
    ...(clock === systemClock ? {} : { now: () => clock.now(), epochNow: () => clock.now() }),
    ...(requestTimeoutMs === undefined ? {} : { timeoutMs: requestTimeoutMs }),
  }

  /** What chose the arms of each counted flag's units when it was looked at last. */
  const placings = new Map<string, string>()

  function describePlacing(flag: string): string {
    const flags = snapshot()
    const found = flags.inspect(flag)
    if (found === undefined) return ''
    const { definition, exposure } = found
    const settings = settingsFor(flag, definition, exposure, flags.environment)
    const { enabled, rollout, split, rules, gateSalt } = settings
    return JSON.stringify([enabled, rollout, split, rules, gateSalt, definition.bucketBy])
  }

  const cohorts = createCohorts(snapshot, recorderOptions)

  function recorder(flag: string): HealthRecorder {
    return getOrCreate(recorders, flag, () => {
      placings.set(flag, describePlacing(flag))
      return cohorts.attach(flag, createHealthRecorder(recorderOptions))
    })
  }

  function* wantedRecorders() {
    yield* cohorts.entries()
    for (const entry of recorders) {
      const rollout = replica.get(rolloutKey(environment, entry[0]))
      if (rollout !== undefined && !isRolloutOver(rollout.value)) yield entry
    }
  }

  function sourceOf(name: string, own: () => HealthRecorder, isWhole = false): FleetSource {
    return getOrCreate(sources, name, () =>
      createFleetSource({
        ...{ exchange, environment, flag: name, clock, isWhole },
        own: { ...identity, recorder: own() },
        onRefused: onError,
      }),
    )
  }

  const stop =
    exchange === undefined
      ? async () => {}
      : shareHealth({
          ...identity,
          ...{ exchange, environment, clock, onError },
          recorders: wantedRecorders,
        })

  return {
    recorder,
    isCounted: (flag) => recorders.has(flag),
    restartUnits(flags) {
      for (const flag of flags) {
        // A log may bring ten thousand flags at once, of which few are counted.
        const counted = recorders.get(flag)
        if (counted === undefined) continue
        const placing = describePlacing(flag)
        // An edit that moves nobody makes nobody new.
        if (placing !== placings.get(flag)) counted.restartUnits()
        placings.set(flag, placing)
      }
    },
    source: (flag) => sourceOf(flag, () => recorder(flag)),
    watchCohorts: cohorts.watch,
    cohortSource: (flag, percent) =>
      // Asked once, when a rollout starts: by then everybody has counted for long.
      sourceOf(cohortName(flag, percent), () => cohorts.recorder(flag, percent), true),
    createLease(flag, leaseClock = clock) {
      if (exchange === undefined) return undefined
      const name = rolloutLease(environment, flag)
      const holder = `${identity.processId}-${identity.incarnation}`
      return createLease(exchange, name, { holder, ttlMs: leaseTtlMs, clock: leaseClock })
    },
    shareVerdicts(flag, controller) {
      if (exchange === undefined) return
      const { processId } = identity
      shareVerdicts(controller, { exchange, environment, flag, processId, clock })
    },
    close: stop,
  }
}

function getOrCreate<Value>(values: Map<string, Value>, key: string, create: () => Value): Value {
  let value = values.get(key)
  if (value === undefined) {
    value = create()
    values.set(key, value)
  }
  return value
}
