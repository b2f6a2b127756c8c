/**
 * Counts from what an application exports to OpenTelemetry.
 *
 * @module
 */

export type {
  ExportedMetrics,
  ExportOutcome,
  MetricExporter,
} from './opentelemetry/exported-metrics.ts'
export {
  createOpenTelemetrySource,
  type OpenTelemetrySource,
  type OpenTelemetrySourceOptions,
  type PointAttributes,
} from './opentelemetry/source.ts'
