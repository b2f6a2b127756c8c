/**
 * Sends what flags answer to OpenTelemetry, as events and metrics.
 *
 * @module
 */

export type {
  CountMeter,
  EventLogger,
  EventSpan,
  Observation,
  ObservedCounter,
  TelemetryAttributes,
} from './opentelemetry/contract.ts'
export { hashedKey } from './opentelemetry/hashed-key.ts'
export {
  type FlagTelemetry,
  type ObserveFlagsOptions,
  observeFlags,
} from './opentelemetry/observe-flags.ts'
