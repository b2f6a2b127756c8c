export { type CalibrationCounts, calibrationFactor, type GroupCounts } from './calibration.ts'
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
export { createArmCounts } from './counts.ts'
export type {
  Counted,
  FleetCounts,
  FleetProcess,
  ProcessReport,
  RefusedReport,
} from './fleet-counts.ts'
export { createFleetCounts } from './fleet-counts.ts'
export type {
  Consequence,
  ErrorRateGuard,
  Guard,
  LatencyGuard,
  MaxErrorRateGuard,
  MaxLatencyGuard,
} from './guard.ts'
export { errorRate, latency, maxErrorRate, maxLatency } from './guard.ts'
export type { GuardSet, GuardSetOptions } from './guard-set.ts'
export { createGuardSet, replay } from './guard-set.ts'
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
  quantileMs,
  SHORTEST_MS,
} from './latency-histogram.ts'
export { type PackedArm, type PackedCounts, packCounts, unpackCounts } from './packed-counts.ts'
export type { DropReason, Ticker } from './ticker.ts'
export { createTicker } from './ticker.ts'
export type { ArmSummary, Verdict } from './verdict.ts'
export type { CallOptions, WrapOptions } from './wrap.ts'
export { runCounted } from './wrap.ts'
