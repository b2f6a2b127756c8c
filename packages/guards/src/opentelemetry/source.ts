import { type ArmCounts, type ArmName, createArmCounts, type MetricSource } from '../counts.ts'
import { SluiceError } from '../error.ts'
import { spreadLatency } from '../spread-latency.ts'
import type { ExportedMetric, ExportedPoint, MetricExporter } from './exported-metrics.ts'
import { readExplicit, readExponential, type ValueBucket } from './read-histogram.ts'

/** The attributes of one data point. */
export type PointAttributes = ExportedPoint['attributes']

/** How a histogram of durations is told apart into arms, and errors. */
export interface OpenTelemetrySourceOptions {
  /** The histogram's name. Default `http.server.request.duration`. Its unit must be `s`, `ms`, `us` or `ns`. */
  readonly metric?: string
  /** The arm of a data point; undefined for what belongs to neither. Default: the attribute `sluice.arm`. */
  readonly armOf?: (attributes: PointAttributes) => ArmName | undefined
  /** Whether a data point is of requests that failed. Default: it has an `error.type`, or a status of 500 or above. */
  readonly errorOf?: (attributes: PointAttributes) => boolean
}

/** A source, and the exporter that feeds it. */
export interface OpenTelemetrySource {
  readonly source: MetricSource
  /** For a `PeriodicExportingMetricReader` of the application's `MeterProvider`. */
  readonly exporter: MetricExporter
}

const DELTA = 0
const CUMULATIVE = 1
const HISTOGRAM = 0
const EXPONENTIAL_HISTOGRAM = 1
const DEFAULT_AGGREGATION = 0
const EXPONENTIAL_AGGREGATION = 5

const msPerUnit: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 }

/** What a set of attributes had measured at the last export, where exports are cumulative. */
interface Before {
  readonly startedAt: number
  readonly counts: readonly number[]
}

/**
 * Creates a source that is fed by an application's OpenTelemetry metrics: a histogram of durations, whose data points say in
 * their attributes which arm they are of and whether they failed.
 *
 * The exporter asks for what is new since the last export, in exponential histograms. Points since a start, with explicit
 * bounds, are taken too: each difference once, and from zero where the start moved.
 *
 * `read()` rejects with a SluiceError `metric_source_silent` before the first export and after the exporter's end, and
 * `metric_source_invalid` as long as what was exported last could not be read.
 */
export function createOpenTelemetrySource(
  options: OpenTelemetrySourceOptions = {},
): OpenTelemetrySource {
  const { metric = 'http.server.request.duration' } = options
  const { armOf = armByAttribute, errorOf = isErrorByConvention } = options
  const totals = { stable: createTotals(), canary: createTotals() }
  const known = new Map<string, Before>()
  let silence: string | undefined = `no ${metric} was exported yet`
  let fault: string | undefined

  function take(exported: ExportedMetric, scope: string): void {
    const { descriptor, dataPointType: type, aggregationTemporality: temporality } = exported
    const msPer = msPerUnit[descriptor.unit]
    if (msPer === undefined) throw new Error(`its unit is "${descriptor.unit}"`)
    const read = type === HISTOGRAM ? readExplicit : readExponential
    if (type !== HISTOGRAM && type !== EXPONENTIAL_HISTOGRAM) throw new Error('it is no histogram')
    if (temporality !== DELTA && !(temporality === CUMULATIVE && type === HISTOGRAM)) {
      throw new Error('totals in exponential histograms; select the exporter’s own temporality')
    }
    const points = exported.dataPoints.flatMap((point) => {
      const arm = armOf(point.attributes)
      if (arm === undefined) return []
      if (arm !== 'stable' && arm !== 'canary') throw new Error(`an arm is "${arm}"`)
      const value = read(point.value)
      if (value === undefined) throw new Error('a data point is no histogram')
      return [{ point, arm, isError: errorOf(point.attributes), buckets: value.buckets }]
    })
    // From here on nothing fails: a metric is taken whole or not at all.
    for (const { point, arm, isError, buckets } of points) {
      const fresh = temporality === DELTA ? buckets : subtract(point, scope, buckets)
      for (const { low, high, count } of fresh) {
        if (count === 0) continue
        totals[arm].requests += count
        if (isError) totals[arm].errors += count
        spreadLatency(totals[arm].latency, count, Math.max(0, low) * msPer, high * msPer)
      }
    }
  }

  function subtract(
    { startTime, attributes }: ExportedPoint,
    scope: string,
    buckets: readonly ValueBucket[],
  ): readonly ValueBucket[] {
    const key = JSON.stringify([scope, Object.entries(attributes).sort()])
    const startedAt = startTime[0] * 1e3 + startTime[1] / 1e6
    const counts = buckets.map(({ count }) => count)
    const before = known.get(key)
    // Older than what was taken: another reader's, and nothing of it is known to be new.
    if (before !== undefined && startedAt < before.startedAt) return []
    known.set(key, { startedAt, counts })
    if (before === undefined || startedAt > before.startedAt) return buckets
    if (counts.some((count, index) => count < (before.counts[index] ?? 0))) return buckets
    return buckets.map((bucket, index) => ({
      ...bucket,
      count: bucket.count - (before.counts[index] ?? 0),
    }))
  }

  const exporter: MetricExporter = {
    export({ scopeMetrics }, done) {
      try {
        for (const { scope, metrics } of scopeMetrics) {
          for (const each of metrics) {
            if (each.descriptor.name !== metric) continue
            take(each, scope.name)
            silence = undefined
          }
        }
        fault = undefined
        done({ code: 0 })
      } catch (cause) {
        fault = `${metric} cannot be read: ${(cause as Error).message}`
        done({ code: 1, error: new SluiceError('metric_source_invalid', fault, { cause }) })
      }
    },
    forceFlush: async () => {},
    async shutdown() {
      silence = 'the exporter was shut down'
    },
    selectAggregationTemporality: () => DELTA,
    selectAggregation: (instrumentType) =>
      instrumentType === 'HISTOGRAM'
        ? // The SDK's own default size: 20 octaves at 8 buckets each, finer where durations are nearer together.
          { type: EXPONENTIAL_AGGREGATION, options: { recordMinMax: false, maxSize: 160 } }
        : { type: DEFAULT_AGGREGATION },
  }

  return {
    exporter,
    source: {
      async read() {
        if (fault !== undefined) throw new SluiceError('metric_source_invalid', fault)
        if (silence !== undefined) throw new SluiceError('metric_source_silent', silence)
        return { stable: copy(totals.stable), canary: copy(totals.canary) }
      },
    },
  }
}

type Totals = ArmCounts & { latency: Float64Array }

function createTotals(): Totals {
  return createArmCounts() as Totals
}

function copy({ requests, errors, latency }: Totals): ArmCounts {
  return { requests, errors, latency: latency.slice() }
}

function armByAttribute({ 'sluice.arm': arm }: PointAttributes): ArmName | undefined {
  return arm === 'stable' || arm === 'canary' ? arm : undefined
}

/** As the semantic conventions for HTTP have it: a server's `error.type` stands on what failed, and only there. */
function isErrorByConvention(attributes: PointAttributes): boolean {
  const { 'error.type': type, 'http.response.status_code': status } = attributes
  return (typeof type === 'string' && type !== '') || Number(status) >= 500
}
