import { bucketLimit, bucketOf, type FlagSet, SluiceError, settingsFor } from '@sluice/core'
import { type ArmName, createHealthRecorder, type HealthRecorder } from '@sluice/guards'

/** Who will be on a flag's canary, counted before they are. */
export interface Cohorts {
  /**
   * Counts from now on, while nobody is on the canary, how the subjects of each share fare beside the others.
   *
   * @throws SluiceError `invalid_option` where the flag places subjects by something else than their targeting key.
   */
  watch(flag: string, percents: readonly number[]): void
  /** The recorder of a share, watched or not: as `canary` those below it, as `stable` the others. */
  recorder(flag: string, percent: number): HealthRecorder
  /** Lets a flag's recorder count its subjects in their cohorts, too. */
  attach(flag: string, recorder: HealthRecorder): HealthRecorder
  /** What is counted now, by the name under which processes tell each other of it. */
  entries(): Iterable<readonly [name: string, recorder: HealthRecorder]>
}

/** The name of a cohort's counts among those of flags: no flag has a line break in its key. */
export function cohortName(flag: string, percent: number): string {
  return `${flag}\n${percent}`
}

interface Watched {
  readonly limits: readonly {
    readonly percent: number
    readonly limit: number
    readonly recorder: HealthRecorder
  }[]
  /** How subjects are placed in the flag set looked at last; undefined while some are on the canary. */
  salt: string | undefined
  seen: FlagSet | undefined
}

/** Watches nothing yet. @param snapshot The flags as they are. */
export function createCohorts(
  snapshot: () => FlagSet,
  options: Parameters<typeof createHealthRecorder>[0],
): Cohorts {
  const watched = new Map<string, Watched>()
  const recorders = new Map<string, HealthRecorder>()

  /** The salt by which a flag places its subjects, while none of them is on the canary. */
  function saltOf(flag: string, entry: Watched): string | undefined {
    const flags = snapshot()
    if (entry.seen === flags) return entry.salt
    const found = flags.inspect(flag)
    const settings = found && settingsFor(flag, found.definition, found.exposure, flags.environment)
    const isExposed = settings === undefined || (settings.enabled && settings.rollout > 0)
    entry.seen = flags
    entry.salt = isExposed ? undefined : settings.gateSalt
    return entry.salt
  }

  /** One for a share, however often it is watched: whoever reads it goes on. */
  function recorderOf(flag: string, percent: number): HealthRecorder {
    const name = cohortName(flag, percent)
    const recorder = recorders.get(name) ?? createHealthRecorder(options)
    recorders.set(name, recorder)
    return recorder
  }

  function* cohortsOf(flag: string, arm: ArmName, unit: string | undefined) {
    const entry = arm === 'stable' && unit !== undefined ? watched.get(flag) : undefined
    const salt = entry && saltOf(flag, entry)
    if (entry === undefined || unit === undefined || salt === undefined) return
    const bucket = bucketOf(salt, unit)
    for (const { limit, recorder } of entry.limits) {
      yield [recorder, bucket < limit ? 'canary' : 'stable'] as const
    }
  }

  return {
    watch(flag, percents) {
      const { bucketBy = 'targetingKey' } = snapshot().inspect(flag)?.definition ?? {}
      if (bucketBy !== 'targetingKey') {
        throw new SluiceError(
          'invalid_option',
          `${flag} places its subjects by ${bucketBy}, and requests are counted by targeting key: it cannot be calibrated.`,
          { flag, pointer: '/calibrate', expected: 'targetingKey', found: bucketBy },
        )
      }
      const limits = percents
        .filter((percent) => percent < 100)
        .map((percent) => ({
          percent,
          limit: bucketLimit(percent),
          recorder: recorderOf(flag, percent),
        }))
      watched.set(flag, { limits, salt: undefined, seen: undefined })
    },

    recorder: recorderOf,

    attach(flag, recorder) {
      const { begin, record } = recorder
      return Object.assign(recorder, {
        record(arm, ok, durationMs, unit) {
          record(arm, ok, durationMs, unit)
          if (watched.size === 0) return
          for (const [cohort, side] of cohortsOf(flag, arm, unit)) {
            cohort.record(side, ok, durationMs, unit)
          }
        },
        begin(arm, unit) {
          const flight = begin(arm, unit)
          if (watched.size === 0) return flight
          const flights = [...cohortsOf(flag, arm, unit)].map(([cohort, side]) =>
            cohort.begin(side, unit),
          )
          if (flights.length === 0) return flight
          return {
            end(ok) {
              flight.end(ok)
              for (const other of flights) other.end(ok)
            },
          }
        },
      } satisfies Pick<HealthRecorder, 'begin' | 'record'>)
    },

    *entries() {
      for (const [flag, entry] of watched) {
        if (saltOf(flag, entry) === undefined) continue
        for (const { percent, recorder } of entry.limits) {
          yield [cohortName(flag, percent), recorder] as const
        }
      }
    },
  }
}
