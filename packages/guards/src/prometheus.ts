/**
 * Counts, series and readings from a Prometheus server.
 *
 * @module
 */

export type { HttpDispatcher } from './http-dispatcher.ts'
export type { ArmQueries, PrometheusSourceOptions } from './prometheus/arm-queries.ts'
export { createPrometheusReading, type PrometheusReadingOptions } from './prometheus/reading.ts'
export type { PrometheusServer } from './prometheus/server.ts'
export { type SluiceQueryOptions, sluiceQueries } from './prometheus/sluice-queries.ts'
export { createPrometheusSource } from './prometheus/source.ts'
