export type { ProbeClock } from './ask.ts'
export type { FetchUrl } from './ask-url.ts'
export {
  type CheckAnswer,
  type CheckGuard,
  type CheckOptions,
  check,
  type RunCheck,
} from './check-guard.ts'
export { createCheckMonitor } from './check-monitor.ts'
export { createProbes, type Probes, type ProbesOptions, type Readings } from './create-probes.ts'
export {
  type CustomReadingGuard,
  type CustomReadingOptions,
  customReading,
  type NumbersOfArms,
} from './custom-reading-guard.ts'
export { createCustomReadingMonitor } from './custom-reading-monitor.ts'
export { findProbes, type GuardLike, withFunctions, withoutFunctions } from './find-probes.ts'
export { type GaugeGuard, type GaugeMetric, type GaugeOptions, gauge } from './gauge-guard.ts'
export { createGaugeMonitor } from './gauge-monitor.ts'
export type { GaugePlatform, GaugeValue } from './gauge-platform.ts'
export { isProbeKind } from './probe-kinds.ts'
export { createSystemGauges, type SystemGauges } from './system-gauges.ts'
export { type ProbeGuard, validateProbe } from './validate-probe.ts'
