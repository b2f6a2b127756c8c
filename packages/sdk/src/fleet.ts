import type { SluiceError } from '@sluice/core'
import { createHealthRecorder, type HealthRecorder } from '@sluice/guards'
import {
  createFleetSource,
  createLease,
  type FleetSource,
  isRolloutOver,
  type Lease,
  type ProcessIdentity,
  shareHealth,
  toExchangeName,
} from '@sluice/rollout'
import { type Clock, type Exchange, type Replica, rolloutKey, systemClock } from '@sluice/stores'

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
  /** This process's candidacy for the work on a flag's rollout; undefined where there is nobody to share it with. */
  createLease(flag: string, clock?: Clock): Lease | undefined
  /** Stops sharing, after a last report. */
  close(): Promise<void>
}

/** What a fleet is made of. */
export interface FleetOptions {
  readonly exchange: Exchange | undefined
  readonly replica: Replica
  readonly environment: string
  readonly identity: ProcessIdentity
  readonly clock: Clock
  readonly onError: (error: SluiceError) => void
}

/** A crashed process is followed by another within ten seconds; a pause of a few costs nothing. */
const leaseTtlMs = 6_000

/** Joins the fleet: from now on this process shares what it counts, while the log has a rollout that wants it. */
export function joinFleet(options: FleetOptions): Fleet {
  const { exchange, replica, environment, identity, clock, onError } = options
  const recorders = new Map<string, HealthRecorder>()
  const sources = new Map<string, FleetSource>()

  // The machine's clock in finer parts than Clock has; one that was handed in is to be the only one.
  const recorderOptions = clock === systemClock ? {} : { now: () => clock.now() }

  function recorder(flag: string): HealthRecorder {
    return getOrCreate(recorders, flag, () => createHealthRecorder(recorderOptions))
  }

  function* wantedRecorders() {
    for (const entry of recorders) {
      const rollout = replica.get(rolloutKey(environment, entry[0]))
      if (rollout !== undefined && !isRolloutOver(rollout.value)) yield entry
    }
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
      for (const flag of flags) recorders.get(flag)?.restartUnits()
    },
    source: (flag) =>
      getOrCreate(sources, flag, () =>
        createFleetSource({
          ...{ exchange, environment, flag, clock },
          own: { ...identity, recorder: recorder(flag) },
          onRefused: onError,
        }),
      ),
    createLease(flag, leaseClock = clock) {
      if (exchange === undefined) return undefined
      const name = `rollout/${toExchangeName(environment)}/${toExchangeName(flag)}`
      const holder = `${identity.processId}-${identity.incarnation}`
      return createLease(exchange, name, { holder, ttlMs: leaseTtlMs, clock: leaseClock })
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
