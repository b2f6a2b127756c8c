/**
 * Is the canary healthy? Counts per arm go in, verdicts with their evidence come out.
 *
 * @module
 */

export type { Signal } from './abort-signal.ts'
export { claimsAlpha, sharesAlpha } from './alpha-shares.ts'
export { sumArms } from './arm-counts.ts'
export { betFactors } from './bets.ts'
export { type CalibrationCounts, calibrationFactor, type GroupCounts } from './calibration.ts'
export { all, any, type CompositionGuard } from './composition.ts'
export type {
  ArmCounts,
  ArmName,
  Declaration,
  DeclaredCondition,
  HealthCounts,
  MetricSource,
  Reading,
  SeriesCounts,
  Tick,
} from './counts.ts'
export { createArmCounts, declaredConditions } from './counts.ts'
export { type DeclarationGuard, declaration } from './declaration-guard.ts'
export { findLastDeclaration } from './declared.ts'
export { explainVerdict, type VerdictExplanation } from './explain-verdict.ts'
export type {
  Counted,
  FleetCounts,
  FleetProcess,
  ProcessReport,
  RefusedReport,
} from './fleet-counts.ts'
export { createFleetCounts } from './fleet-counts.ts'
export type { AlertSeverity, Consequence, Guard, GuardBase } from './guard.ts'
export {
  createGuardSet,
  type GuardCheckpoint,
  type GuardSet,
  type GuardSetOptions,
} from './guard-set.ts'
export type { HealthRecorder, HealthRecorderOptions, Observation } from './health-recorder.ts'
export { createHealthRecorder } from './health-recorder.ts'
export { type LimitFromHistoryOptions, limitFromHistory } from './history-limit.ts'
export type { InFlight } from './in-flight.ts'
export {
  addLatency,
  BUCKETS_PER_OCTAVE,
  bucketLowerMs,
  bucketOf,
  bucketsInFactor,
  bucketUpperMs,
  LATENCY_BUCKETS,
  meanMs,
  quantileMs,
  SHORTEST_MS,
} from './latency-histogram.ts'
export { provableShifts, rarerRatios } from './latency-margin-proof.ts'
export { betterRatios, provableRatios } from './margin-proof.ts'
export type { SavedMonitor } from './monitor.ts'
export type { PackedArm, PackedCounts, PackedSeries } from './packed-counts.ts'
export { packCounts, unpackCounts } from './packed-counts.ts'
export { type PackedTick, packTick, unpackTick } from './packed-tick.ts'
export {
  type CheckGuard,
  type CustomReadingGuard,
  type CustomReadingOptions,
  check,
  createProbes,
  createSystemGauges,
  customReading,
  type FetchUrl,
  type GaugeGuard,
  type GaugeMetric,
  type GaugeOptions,
  type GaugePlatform,
  type GaugeValue,
  type GuardLike,
  gauge,
  isProbeKind,
  type NumbersOfArms,
  type ProbeClock,
  type ProbeGuard,
  type Probes,
  type ProbesOptions,
  type Readings,
  type RunCheck,
  type SystemGauges,
  withFunctions,
  withoutFunctions,
} from './probes/index.ts'
export {
  joinPrometheusTexts,
  type PrometheusTextOptions,
  toPrometheusText,
} from './prometheus-text.ts'
export { type Replay, replay } from './replay.ts'
export { type SampleRatioGuard, sampleRatio } from './sample-ratio-guard.ts'
export type { SavedNumber } from './saved-numbers.ts'
export { isSeriesName, MOST_SERIES } from './series.ts'
export {
  type CustomGuard,
  custom,
  type ErrorRateGuard,
  errorRate,
  type LatencyGuard,
  latency,
  type MaxErrorRateGuard,
  type MaxLatencyGuard,
  maxErrorRate,
  maxLatency,
} from './statistical-guards.ts'
export type { DropReason, Ticker } from './ticker.ts'
export { createTicker } from './ticker.ts'
export type { ArmSummary, Verdict } from './verdict.ts'
export { startSchedule } from './wealth.ts'
export type { CallOptions, WrapOptions } from './wrap.ts'
export { runCounted } from './wrap.ts'
