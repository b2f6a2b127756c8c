import type {
  ArmCounts,
  ArmName,
  Declaration,
  DeclaredCondition,
  HealthCounts,
  MetricSource,
} from './counts.ts'
import { createDeclaration } from './declared.ts'
import { SluiceError } from './error.ts'
import { createInFlightList, type InFlight } from './in-flight.ts'
import { bucketOf, LATENCY_BUCKETS } from './latency-histogram.ts'
import { type PrometheusTextOptions, toPrometheusText } from './prometheus-text.ts'
import { createSeriesTable } from './series.ts'
import { createSteadyClock } from './steady-clock.ts'
import {
  createFailedUnits,
  createSeenUnits,
  type FailedUnits,
  hashUnit,
  type SeenUnits,
} from './units.ts'
import { type WrapOptions, wrapCounted } from './wrap.ts'

/** One finished request. */
export interface Observation {
  arm: ArmName
  /** Whether it was served well; the application decides what counts as an error. */
  ok: boolean
  /** From start to end, in ms. */
  durationMs: number
  /** Who it was for, a user as a rule; see {@link HealthRecorder.record}. */
  unit?: string | undefined
}

/** How a recorder counts. */
export interface HealthRecorderOptions {
  /** A request in flight for longer counts as an error, in ms above 0. Default 30,000. */
  readonly timeoutMs?: number
  /** A clock in ms that starts anywhere. Default `performance.now`, which never steps back. */
  readonly now?: () => number
  /** What dates declarations, in epoch ms. Default `Date.now`. */
  readonly epochNow?: () => number
}

/**
 * Counts requests per arm, in constant memory: 2.5 kB; with units 66 kB; with every one of 16 series full, 40 kB more; and
 * some 100 bytes for each request in flight.
 *
 * Nothing in the request's path throws. What cannot have happened is dropped, and counted in `dropped`.
 */
export interface HealthRecorder extends MetricSource {
  /** Counts one finished request. */
  observe(observation: Observation): void
  /**
   * The same without an object: allocates nothing, except that an error with a unit asks the clock for a number.
   *
   * @param unit Who it was for, a user as a rule. Of a unit's errors within 60 s, in both arms together, the first is
   * counted in `failedUnits`, since a client that retries is one trouble and not ten. An error without a unit is counted as
   * one of its own.
   */
  record(arm: ArmName, ok: boolean, durationMs: number, unit?: string): void
  /** Begins a request that is counted when it ends, or when it is older than `timeoutMs`. */
  begin(arm: ArmName, unit?: string): InFlight
  /**
   * Counts an event of the application's own: a signup, a purchase.
   *
   * @param series Its name, of 1 to 64 characters. The first 16 names are kept, events of further ones are dropped.
   * @param value At least 0, in any unit: told apart from 0.25 to 16,384, at 3.7 %.
   */
  track(series: string, arm: ArmName, value?: number): void
  /**
   * Declares what asks for a rollback at once, of the rollout under way. The last declaration stands for as long as the
   * recorder does; a rollout that begins later is not meant.
   *
   * @param because A line for people, of at most 500 characters; the rest is cut off.
   * @throws SluiceError `invalid_declaration` for another condition, or no line.
   */
  declare(condition: DeclaredCondition, because: string): void
  /** Every unit is new again: to be called when the arms' shares change, which moves units from arm to arm. */
  restartUnits(): void
  /** A function that counts each call of the one given, which keeps its `this`, arguments, results and errors. */
  wrap<This, Args extends readonly unknown[], Result>(
    fn: (this: This, ...args: Args) => Result,
    options?: WrapOptions<Args, Result>,
  ): (this: This, ...args: Args) => Result
  /**
   * A copy of the totals so far, which never fall. `failedUnits` and `units` are undefined until a unit was given,
   * `series` until an event was.
   */
  read(): HealthCounts
  /**
   * The totals so far in Prometheus's text format; see {@link toPrometheusText}.
   *
   * @throws SluiceError `invalid_metric_name`.
   */
  prometheusText(options: PrometheusTextOptions): string
  /** What was refused: unknown arms, durations and values that are negative or not finite, series beyond the 16. */
  readonly dropped: number
}

const performanceNow = () => performance.now()

/** Longer than most clients wait. */
const DEFAULT_TIMEOUT_MS = 30_000

/**
 * Starts counting from zero.
 *
 * @throws SluiceError `invalid_recorder` for a `timeoutMs` that is no number above 0.
 */
export function createHealthRecorder(options: HealthRecorderOptions = {}): HealthRecorder {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, now = performanceNow, epochNow = Date.now } = options
  if (!(timeoutMs > 0)) {
    throw new SluiceError('invalid_recorder', `timeoutMs is ${timeoutMs}, not above 0`)
  }
  const clock = createSteadyClock(now)
  const stable = createTotals()
  const canary = createTotals()
  const series = createSeriesTable()
  const inFlight = createInFlightList<Subject>(timeoutMs, clock, ({ totals, hash }, ok, ms) =>
    count(totals, ok, ms, hash),
  )
  // Made when they are first needed: most flags of an application are not being rolled out.
  let seenUnits: SeenUnits | undefined
  let failedUnits: FailedUnits | undefined
  let declared: Declaration | undefined
  let dropped = 0

  function totalsOf(arm: ArmName): Totals | undefined {
    return arm === 'stable' ? stable : arm === 'canary' ? canary : undefined
  }

  function record(arm: ArmName, ok: boolean, durationMs: number, unit?: string): void {
    const totals = totalsOf(arm)
    if (totals === undefined || !(durationMs >= 0 && durationMs < Infinity)) {
      dropped++
      return
    }
    count(totals, ok, durationMs, see(totals, unit))
  }

  /** @returns The unit's hash; undefined where there is none. */
  function see(totals: Totals, unit: string | undefined): number | undefined {
    if (typeof unit !== 'string' || unit === '') return undefined
    const hash = hashUnit(unit)
    seenUnits ??= createSeenUnits()
    if (seenUnits.add(hash)) totals.units++
    return hash
  }

  function count(totals: Totals, ok: boolean, durationMs: number, hash: number | undefined): void {
    totals.requests++
    totals.latency[bucketOf(durationMs)]!++
    if (ok) return
    totals.errors++
    if (hash !== undefined) {
      failedUnits ??= createFailedUnits(clock)
      // In whichever arm: were it once in each, a unit that meets both at random would count where the fewer requests go
      // as often as where the most go.
      if (!failedUnits.add(hash)) return
    }
    totals.failedUnits++
  }

  const recorder: HealthRecorder = {
    record,
    observe: ({ arm, ok, durationMs, unit }) => recorder.record(arm, ok, durationMs, unit),

    begin(arm, unit) {
      const totals = totalsOf(arm)
      if (totals !== undefined) return inFlight.begin({ totals, hash: see(totals, unit) })
      dropped++
      return nothing
    },

    track(name, arm, value) {
      if (totalsOf(arm) === undefined || !series.track(name, arm, value)) dropped++
    },

    declare(condition, because) {
      declared = createDeclaration(condition, because, epochNow())
    },

    restartUnits: () => seenUnits?.clear(),
    wrap: (fn, wrapOptions) => wrapCounted(recorder, fn, wrapOptions),

    read() {
      inFlight.expire()
      const knowsUnits = seenUnits !== undefined
      return {
        stable: copyTotals(stable, knowsUnits, series.read('stable')),
        canary: copyTotals(canary, knowsUnits, series.read('canary')),
        ...(declared === undefined ? {} : { declared }),
      }
    },

    prometheusText: (textOptions) => toPrometheusText(recorder.read(), textOptions),

    get dropped() {
      return dropped
    },
  }
  return recorder
}

interface Totals {
  requests: number
  errors: number
  failedUnits: number
  units: number
  readonly latency: Uint32Array
}

/** Of which arm and unit a request in flight is. */
interface Subject {
  readonly totals: Totals
  readonly hash: number | undefined
}

/** What begins in no arm. */
const nothing: InFlight = { end() {} }

function createTotals(): Totals {
  const latency = new Uint32Array(LATENCY_BUCKETS)
  return { requests: 0, errors: 0, failedUnits: 0, units: 0, latency }
}

function copyTotals(
  { requests, errors, failedUnits, units, latency }: Totals,
  knowsUnits: boolean,
  series: ArmCounts['series'],
): ArmCounts {
  return {
    ...{ requests, errors, latency: latency.slice() },
    ...(knowsUnits ? { failedUnits, units } : {}),
    ...(series === undefined ? {} : { series }),
  }
}
