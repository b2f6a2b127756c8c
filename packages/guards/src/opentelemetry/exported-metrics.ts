// OpenTelemetry's shapes, as far as they are read: an exporter is known by its shape, and any copy of the SDK fits.

/** What a metric reader hands to an exporter. */
export interface ExportedMetrics {
  readonly scopeMetrics: readonly {
    readonly scope: { readonly name: string }
    readonly metrics: readonly ExportedMetric[]
  }[]
}

/** One metric with its data points. */
export interface ExportedMetric {
  readonly descriptor: { readonly name: string; readonly unit: string }
  /** 0 since the last export, 1 since `startTime`. */
  readonly aggregationTemporality: number
  /** 0 a histogram, 1 an exponential histogram; others are no durations. */
  readonly dataPointType: number
  readonly dataPoints: readonly ExportedPoint[]
}

/** What one set of attributes measured. */
export interface ExportedPoint {
  /** Seconds and nanoseconds. */
  readonly startTime: readonly [number, number]
  readonly attributes: { readonly [name: string]: unknown }
  readonly value: unknown
}

/** What an exporter answers. */
export interface ExportOutcome {
  /** 0 done, 1 failed. */
  readonly code: number
  readonly error?: Error
}

/** OpenTelemetry's `PushMetricExporter`. */
export interface MetricExporter {
  export(metrics: ExportedMetrics, done: (outcome: ExportOutcome) => void): void
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
  /** Always 0: what is new since the last export. */
  selectAggregationTemporality(instrumentType: string): 0
  /** Exponential histograms, as fine as our own buckets; for all else the instrument's own. */
  selectAggregation(
    instrumentType: string,
  ): { type: 0 } | { type: 5; options: { recordMinMax: false; maxSize: number } }
}
