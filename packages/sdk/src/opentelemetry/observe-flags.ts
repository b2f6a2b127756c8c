import { type Answer, type EvaluationContext, SluiceError, targetingKeyOf } from '@sluice/core'
import { type Clock, systemClock } from '@sluice/stores'
import type { Flags } from '../open-flags.ts'
import { AnswerCount } from './answer-count.ts'
import type {
  CountMeter,
  EventLogger,
  EventSpan,
  Observation,
  TelemetryAttributes,
} from './contract.ts'
import { ExposureTable } from './exposure-table.ts'

/** Where telemetry goes, and how much of it. What is not handed in is not sent. */
export interface ObserveFlagsOptions {
  /** Gets a `feature_flag.evaluation` event for each exposure: `logs.getLogger('shop')`. */
  readonly logger?: EventLogger
  /** Gets the counters `feature_flag.evaluations`, `.exposures` and `.events.dropped`: `metrics.getMeter('shop')`. */
  readonly meter?: CountMeter
  /** Gets the same event once per span, flag and variant: `() => trace.getActiveSpan()`. */
  readonly activeSpan?: () => EventSpan | undefined
  /**
   * What is sent of a targeting key, as `feature_flag.context.id`: nothing by default. `hashedKey(secret)` sends a
   * pseudonym, `(key) => key` the key itself.
   */
  readonly contextId?: (targetingKey: string) => string | undefined
  /** Names this set of flags, as `feature_flag.set.id`. Default: the environment. */
  readonly flagSetId?: string
  /** A user who gets the same variant again within this time is no new exposure, in ms. Default an hour. */
  readonly windowMs?: number
  /** Events beyond this are dropped, and counted as dropped. Default 1,000. */
  readonly maxEventsPerSecond?: number
  /** Exposures that are remembered at once, a power of two from 4; each takes four bytes. Default 65,536. */
  readonly rememberedExposures?: number
  readonly clock?: Clock
}

/** Watches what flags are asked. */
export interface FlagTelemetry {
  /** Stops, and takes the counters away from the meter. */
  close(): void
}

const secondMs = 1_000
const providerName = 'sluice'

/**
 * Sends what flags answer to OpenTelemetry, in the words of its semantic conventions for feature flags.
 *
 * A user who is served a variant for the first time in a window is an exposure, and one event. Every other question costs
 * two look-ups, two hashes and an increment, and allocates nothing. Counters are read when the meter asks for them.
 *
 * @throws SluiceError `invalid_option`.
 */
export function observeFlags(
  flags: Pick<Flags, 'onAnswer' | 'environment'>,
  options: ObserveFlagsOptions,
): FlagTelemetry {
  const { logger, activeSpan, contextId, clock = systemClock } = options
  const windowMs = positive('windowMs', options.windowMs ?? 3_600_000)
  const maxEvents = positive('maxEventsPerSecond', options.maxEventsPerSecond ?? 1_000)
  const table = new ExposureTable(placesOf(options.rememberedExposures ?? 65_536))
  const common: TelemetryAttributes = {
    'feature_flag.provider.name': providerName,
    'feature_flag.set.id': options.flagSetId ?? flags.environment,
  }
  const byVariant = new Map<string, Map<string | undefined, AnswerCount>>()
  const byError = new Map<string, Map<string | undefined, AnswerCount>>()
  /** Keys that no flag has are counted as one: whoever misspells them at random fills no memory. */
  const unknown = new AnswerCount(undefined, undefined, 'FLAG_NOT_FOUND')
  const seenInSpans = new WeakMap<EventSpan, Set<AnswerCount>>()
  let left = maxEvents
  let dropped = 0

  function hear(answer: Answer, context: EvaluationContext): void {
    const counted = countOf(answer)
    counted.evaluations += 1
    const targetingKey = keyOf(context)
    // An unknown key is no exposure of anybody; it is told once, whoever asks.
    const subject = counted === unknown ? answer.flagKey : (targetingKey ?? '')
    const place = counted.place.top30(subject)
    const mark = counted.mark.top30(subject)
    if (!table.has(place, mark)) meet(counted, answer, targetingKey, place, mark)
    if (activeSpan !== undefined) showSpan(counted, answer, targetingKey)
  }

  function meet(
    counted: AnswerCount,
    answer: Answer,
    targetingKey: string | undefined,
    place: number,
    mark: number,
  ): void {
    if (logger !== undefined && left === 0) {
      // Not remembered: it is sent when there is room again.
      dropped += 1
      return
    }
    table.add(place, mark)
    counted.exposures += 1
    if (logger === undefined) return
    left -= 1
    const attributes = attributesOf(counted, answer, targetingKey)
    logger.emit({ eventName: 'feature_flag.evaluation', attributes })
  }

  function showSpan(counted: AnswerCount, answer: Answer, key: string | undefined): void {
    const span = activeSpan?.()
    if (span === undefined || !span.isRecording()) return
    const seen = seenInSpans.get(span) ?? new Set()
    if (seen.has(counted)) return
    seenInSpans.set(span, seen.add(counted))
    span.addEvent('feature_flag.evaluation', attributesOf(counted, answer, key))
  }

  function attributesOf(
    counted: AnswerCount,
    answer: Answer,
    key: string | undefined,
  ): TelemetryAttributes {
    const event = counted.eventOf(answer, common)
    const id = key === undefined ? undefined : contextId?.(key)
    return id === undefined ? event : { ...event, 'feature_flag.context.id': id }
  }

  function countOf({ flagKey, variant, errorCode }: Answer): AnswerCount {
    if (errorCode === 'FLAG_NOT_FOUND') return unknown
    const counts = errorCode === undefined ? byVariant : byError
    const name = errorCode ?? variant
    let ofFlag = counts.get(flagKey)
    if (ofFlag === undefined) {
      ofFlag = new Map()
      counts.set(flagKey, ofFlag)
    }
    let counted = ofFlag.get(name)
    if (counted === undefined) {
      counted = new AnswerCount(flagKey, variant, errorCode)
      ofFlag.set(name, counted)
    }
    return counted
  }

  function* all(): Generator<AnswerCount> {
    for (const counts of [byVariant, byError]) {
      for (const ofFlag of counts.values()) yield* ofFlag.values()
    }
    if (unknown.evaluations > 0) yield unknown
  }

  const closeMeter = observeCounts(options.meter, [
    [
      'feature_flag.evaluations',
      'Questions that flags answered.',
      (observation) => {
        for (const { evaluations, attributes } of all())
          observation.observe(evaluations, attributes)
      },
    ],
    [
      'feature_flag.exposures',
      'Users who got a variant, each once per window.',
      (observation) => {
        for (const { exposures, attributes } of all()) observation.observe(exposures, attributes)
      },
    ],
    [
      'feature_flag.events.dropped',
      'Exposures that were not sent, for there were too many.',
      (observation) => observation.observe(dropped),
    ],
  ])

  let windowEndsAt = clock.now() + windowMs
  let cancel = clock.after(secondMs, tick)
  function tick(): void {
    left = maxEvents
    if (clock.now() >= windowEndsAt) {
      table.clear()
      windowEndsAt = clock.now() + windowMs
    }
    cancel = clock.after(secondMs, tick)
  }
  const stopHearing = flags.onAnswer(hear)

  return {
    close() {
      stopHearing()
      cancel()
      closeMeter()
    },
  }
}

type Counter = [name: string, description: string, read: (observation: Observation) => void]

function observeCounts(meter: CountMeter | undefined, counters: readonly Counter[]): () => void {
  if (meter === undefined) return () => {}
  const closes = counters.map(([name, description, read]) => {
    const counter = meter.createObservableCounter(name, { description, unit: '1' })
    counter.addCallback(read)
    return () => counter.removeCallback(read)
  })
  return () => {
    for (const close of closes) close()
  }
}

/** A context of the application's may throw when it is read. */
function keyOf(context: EvaluationContext): string | undefined {
  try {
    return targetingKeyOf(context)
  } catch {
    return undefined
  }
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value
  throw new SluiceError('invalid_option', `${name} must be a number above 0, found ${value}`, {
    expected: 'a number above 0',
    found: String(value),
  })
}

function placesOf(size: number): number {
  // A power of two shares no bit with the number before it.
  if (Number.isInteger(size) && size >= 4 && size <= 2 ** 28 && (size & (size - 1)) === 0)
    return size
  throw new SluiceError(
    'invalid_option',
    `rememberedExposures must be a power of two from 4 to 2^28, found ${size}`,
    { expected: 'a power of two from 4 to 2^28', found: String(size) },
  )
}
