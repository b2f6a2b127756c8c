import type { MeterProvider, PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { bucketOf, createTicker } from '@sluice/guards'
import { createOpenTelemetrySource, type MetricExporter } from '@sluice/guards/opentelemetry'
import { afterEach, describe, expect, it } from 'vitest'
import { sdk } from './opentelemetry-sdk.ts'

const providers: MeterProvider[] = []
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.shutdown()
})

/** A reader that hands what it collects to an exporter when a test says so. */
class HandReader extends sdk.MetricReader {
  readonly #exporter: MetricExporter
  constructor(exporter: MetricExporter, isCumulative: boolean) {
    super(
      isCumulative
        ? { aggregationTemporalitySelector: () => sdk.AggregationTemporality.CUMULATIVE }
        : {
            aggregationTemporalitySelector: exporter.selectAggregationTemporality,
            aggregationSelector: exporter.selectAggregation,
          },
    )
    this.#exporter = exporter
  }
  protected async onShutdown() {
    await this.#exporter.shutdown()
  }
  protected async onForceFlush() {
    const { resourceMetrics } = await this.collect()
    await new Promise((resolve) => this.#exporter.export(resourceMetrics, resolve))
  }
}

/** An application with metrics of the real SDK. */
function openApplication(
  options: Parameters<typeof createOpenTelemetrySource>[0] & {
    isCumulative?: boolean
    unit?: string
  } = {},
) {
  const { isCumulative = false, unit = 's', ...rest } = options
  const { source, exporter } = createOpenTelemetrySource(rest)
  const reader = new HandReader(exporter, isCumulative)
  const provider = new sdk.MeterProvider({ readers: [reader] })
  providers.push(provider)
  const meter = provider.getMeter('shop')
  const histogram = meter.createHistogram('http.server.request.duration', {
    unit,
    advice: { explicitBucketBoundaries: [0.005, 0.05, 0.5, 5] },
  })
  return { source, exporter, reader, provider, meter, histogram }
}

const canary = { 'sluice.arm': 'canary', 'http.request.method': 'GET' }
const stable = { 'sluice.arm': 'stable', 'http.request.method': 'GET' }

describe.each([
  ['what is new since the last export', false],
  ['totals', true],
])('a source fed by OpenTelemetry’s SDK with %s', (_, isCumulative) => {
  it('counts each request once, by arm, and those that failed', async () => {
    const { source, histogram, reader } = openApplication({ isCumulative })
    for (let n = 0; n < 20; n++) histogram.record(0.04, stable)
    histogram.record(0.04, { ...stable, 'error.type': '500' })
    histogram.record(0.3, canary)
    await reader.forceFlush()
    histogram.record(0.3, { ...canary, 'http.response.status_code': 503 })
    histogram.record(0.3, { ...canary, 'http.response.status_code': 404 })
    histogram.record(9, { 'http.request.method': 'GET' })
    await reader.forceFlush()
    await reader.forceFlush()
    expect(await source.read()).toMatchObject({
      stable: { requests: 21, errors: 1 },
      canary: { requests: 3, errors: 1 },
    })
  })

  it('makes ticks in which each request stands once', async () => {
    const { source, histogram, reader } = openApplication({ isCumulative })
    const ticker = createTicker()
    let requests = 0
    for (let second = 0; second < 5; second++) {
      histogram.record(0.04, stable)
      if (second > 2) histogram.record(0.04, canary)
      await reader.forceFlush()
      const tick = ticker.next(await source.read(), second * 1000)
      requests += tick.stable.requests + tick.canary.requests
    }
    // The first read is only where counting starts.
    expect(requests).toBe(4 + 2)
    expect(ticker.dropped).toBe(0)
  })
})

describe('a source fed by OpenTelemetry', () => {
  it('knows durations to 5 % by its own choice of aggregation', async () => {
    const { source, histogram, reader } = openApplication()
    for (const ms of [3, 40, 300]) histogram.record(ms / 1000, stable)
    await reader.forceFlush()
    const { latency } = (await source.read()).stable
    const found = [...latency].flatMap((count, bucket) => (count > 0 ? [bucket] : []))
    for (const ms of [3, 40, 300]) {
      const near = found.filter((bucket) => Math.abs(bucket - bucketOf(ms)) <= 1)
      expect(near.length).toBeGreaterThan(0)
    }
    expect(found.length).toBeLessThanOrEqual(9)
  })

  it('reads milliseconds where the metric says so', async () => {
    const { source, histogram, reader } = openApplication({ unit: 'ms' })
    histogram.record(40, stable)
    await reader.forceFlush()
    const { latency } = (await source.read()).stable
    expect(Math.abs(latency.findIndex((count) => count > 0) - bucketOf(40))).toBeLessThanOrEqual(1)
  })

  it('asks the application for arms and errors of its own', async () => {
    const { source, histogram, reader } = openApplication({
      armOf: ({ 'feature_flag.result.variant': variant }) =>
        variant === 'on' ? 'canary' : variant === 'off' ? 'stable' : undefined,
      errorOf: ({ outcome }) => outcome === 'failed',
    })
    histogram.record(0.04, { 'feature_flag.result.variant': 'on', outcome: 'failed' })
    histogram.record(0.04, { 'feature_flag.result.variant': 'off' })
    histogram.record(0.04, { 'feature_flag.result.variant': 'blue' })
    await reader.forceFlush()
    expect(await source.read()).toMatchObject({
      stable: { requests: 1, errors: 0 },
      canary: { requests: 1, errors: 1 },
    })
  })

  it('is fed by a periodic reader as it is', async () => {
    const { source, exporter } = createOpenTelemetrySource()
    // By type, too, it is one of OpenTelemetry's.
    const pushed: PushMetricExporter = exporter
    const reader = new sdk.PeriodicExportingMetricReader({
      exporter: pushed,
      exportIntervalMillis: 600_000,
      exportTimeoutMillis: 600_000,
    })
    const provider = new sdk.MeterProvider({ readers: [reader] })
    providers.push(provider)
    const meter = provider.getMeter('shop')
    meter.createHistogram('http.server.request.duration', { unit: 's' }).record(0.04, canary)
    meter.createCounter('visits').add(1)
    await provider.forceFlush()
    expect((await source.read()).canary.requests).toBe(1)
    expect(exporter.selectAggregation(sdk.InstrumentType.COUNTER).type).toBe(
      sdk.AggregationType.DEFAULT,
    )
  })

  it('counts from zero where the start moved, and nothing of an older start', async () => {
    const { source, exporter } = createOpenTelemetrySource()
    const send = (seconds: number, counts: readonly number[]) =>
      exporter.export(toMetrics(seconds, counts), () => {})
    send(100, [5, 1])
    send(100, [7, 1])
    expect((await source.read()).stable.requests).toBe(8)
    send(200, [7, 2])
    expect((await source.read()).stable.requests).toBe(17)
    send(100, [9, 1])
    expect((await source.read()).stable.requests).toBe(17)
  })

  it('rejects before the first export, and after the exporter’s end', async () => {
    const { source, histogram, reader, exporter } = openApplication()
    await reader.forceFlush()
    await expect(source.read()).rejects.toMatchObject({ code: 'metric_source_silent' })
    histogram.record(0.04, stable)
    await reader.forceFlush()
    expect((await source.read()).stable.requests).toBe(1)
    await exporter.shutdown()
    await expect(source.read()).rejects.toMatchObject({ code: 'metric_source_silent' })
  })

  it.each([
    ['another unit', { unit: 'furlong' }, 'its unit is "furlong"'],
    ['no histogram', { type: 3 }, 'it is no histogram'],
    ['totals in exponential histograms', { type: 1 }, 'temporality'],
    ['no counts', { counts: [Number.NaN, 1] }, 'a data point is no histogram'],
    ['negative counts', { counts: [-1, 1] }, 'a data point is no histogram'],
    ['other bounds than counts', { counts: [1, 2, 3] }, 'a data point is no histogram'],
  ])('rejects while it is fed %s, and says so to the reader', async (_, wrong, says) => {
    const { source, exporter } = createOpenTelemetrySource()
    exporter.export(toMetrics(100, [5, 1]), () => {})
    const { counts = [6, 1], type = 0, unit = 's' } = wrong as Wrong
    let outcome: { code: number; error?: Error } | undefined
    exporter.export(toMetrics(100, counts, { type, unit }), (result) => {
      outcome = result
    })
    expect(outcome).toMatchObject({ code: 1, error: { code: 'metric_source_invalid' } })
    await expect(source.read()).rejects.toThrow(says)
    exporter.export(toMetrics(100, [6, 1]), () => {})
    expect((await source.read()).stable.requests).toBe(7)
  })

  it('rejects while the application’s own functions throw', async () => {
    const { source, histogram, reader } = openApplication({
      armOf: () => {
        throw new Error('no such user')
      },
    })
    histogram.record(0.04, stable)
    await reader.forceFlush()
    await expect(source.read()).rejects.toThrow('no such user')
  })
})

interface Wrong {
  readonly counts?: readonly number[]
  readonly type?: number
  readonly unit?: string
}

/** Totals since a start, as an exporter gets them. */
function toMetrics(startedAt: number, counts: readonly number[], { type = 0, unit = 's' } = {}) {
  const point = {
    startTime: [startedAt, 0] as const,
    attributes: stable,
    value: { buckets: { boundaries: [0.1], counts } },
  }
  const metric = {
    descriptor: { name: 'http.server.request.duration', unit },
    ...{ aggregationTemporality: 1, dataPointType: type, dataPoints: [point] },
  }
  return { scopeMetrics: [{ scope: { name: 'shop' }, metrics: [metric] }] }
}
