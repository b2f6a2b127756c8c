import { type Answer, type EvaluationContext, SluiceError } from '@sluice/core'
import { type Clock, systemClock } from '@sluice/stores'
import type { Flags } from '../open-flags.ts'
import { readableKey } from '../readable-key.ts'
import type { AnswerCount } from './answer-count.ts'
import { AnswerCounts } from './answer-counts.ts'
import type { CountMeter, EventLogger, EventSpan, TelemetryAttributes } from './contract.ts'
import { ExposureTable } from './exposure-table.ts'
import { observeCounts } from './observe-counts.ts'

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
  /**
   * Hears what a destination or `contextId` throws, for each event that was dropped by it. Without it the first one ends the
   * telemetry, and the flags tell of it as an `error`.
   */
  readonly report?: (error: unknown) => void
  readonly clock?: Clock
}

/** Watches what flags are asked. */
export interface FlagTelemetry {
  /** Stops, and takes the counters away from the meter. */
  close(): void
}

const secondMs = 1_000
const provider: TelemetryAttributes = { 'feature_flag.provider.name': 'sluice' }
const eventName = 'feature_flag.evaluation'

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
  const counts = new AnswerCounts({
    'feature_flag.set.id': options.flagSetId ?? flags.environment,
  })
  const report = options.report === undefined ? stopAndThrow : quiet(options.report)
  const seenInSpans = new WeakMap<EventSpan, Set<AnswerCount>>()
  let left = maxEvents
  let dropped = 0

  function hear(answer: Answer, context: EvaluationContext): void {
    const counted = counts.of(answer)
    counted.evaluations += 1
    const targetingKey = readableKey(context)
    // An unknown key is no exposure of anybody; it is told once, whoever asks.
    const subject = counted === counts.unknown ? answer.flagKey : (targetingKey ?? '')
    const place = counted.place.top30(subject)
    const mark = counted.mark.top30(subject)
    if (!table.has(place, mark)) {
      // What is not sent is not remembered: it is sent when there is room again.
      if (emit(counted, answer, targetingKey)) {
        table.add(place, mark)
        counted.exposures += 1
      } else dropped += 1
    }
    if (activeSpan !== undefined) tellSpan(counted, answer, targetingKey)
  }

  function emit(counted: AnswerCount, answer: Answer, key: string | undefined): boolean {
    if (logger === undefined) return true
    if (left === 0) return false
    left -= 1
    try {
      logger.emit({ eventName, attributes: attributesOf(counted, answer, key) })
      return true
    } catch (error) {
      report(error)
      return false
    }
  }

  function tellSpan(counted: AnswerCount, answer: Answer, key: string | undefined): void {
    try {
      const span = activeSpan?.()
      if (span === undefined || !span.isRecording()) return
      const seen = seenInSpans.get(span) ?? new Set()
      if (seen.has(counted)) return
      seenInSpans.set(span, seen.add(counted))
      span.addEvent(eventName, attributesOf(counted, answer, key))
    } catch (error) {
      report(error)
    }
  }

  function attributesOf(
    counted: AnswerCount,
    answer: Answer,
    key: string | undefined,
  ): TelemetryAttributes {
    const event = counted.eventOf(answer, provider)
    const id = key === undefined ? undefined : contextId?.(key)
    return id === undefined ? event : { ...event, 'feature_flag.context.id': id }
  }

  const closeMeter = observeCounts(options.meter, counts, () => dropped)
  let windowEndsAt = clock.now() + windowMs
  let cancel = clock.after(secondMs, tick)
  function tick(): void {
    left = maxEvents
    const now = clock.now()
    // A clock that was set back would hold the window open for as long.
    if (now >= windowEndsAt || now < windowEndsAt - windowMs) {
      table.clear()
      windowEndsAt = now + windowMs
    }
    cancel = clock.after(secondMs, tick)
  }
  const stopHearing = flags.onAnswer(hear)

  function close(): void {
    stopHearing()
    cancel()
    closeMeter()
  }

  /** A listener that throws hears nothing more: counters that stayed would say that nobody asks. */
  function stopAndThrow(error: unknown): never {
    close()
    throw error
  }

  return { close }
}

/** Whoever hears of a failure may fail, too: nobody is left to be told. */
function quiet(report: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    try {
      report(error)
    } catch {}
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
