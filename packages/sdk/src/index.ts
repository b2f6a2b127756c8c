export {
  type Answer,
  type Condition,
  type EvaluateOptions,
  type EvaluationContext,
  type Explanation,
  type Exposure,
  type FlagDefinition,
  type FlagDefinitions,
  type FlagSet,
  isSluiceError,
  type Json,
  type Rule,
  type SegmentDefinitions,
  SluiceError,
  type Split,
} from '@sluice/core'
export { createFlagSet, type DefinedFlags } from '@sluice/core/node'
export {
  all,
  any,
  check,
  createHealthRecorder,
  custom,
  customReading,
  type DeclaredCondition,
  declaration,
  errorRate,
  explainVerdict,
  type FleetProcess,
  type Guard,
  gauge,
  type HealthRecorder,
  latency,
  type MetricSource,
  maxErrorRate,
  maxLatency,
  type Observation,
  replay,
  sampleRatio,
  type Verdict,
  type VerdictExplanation,
} from '@sluice/guards'
export {
  type CanaryOptions,
  canary,
  defaultHealthPolicy,
  type FleetSource,
  type HealthPolicy,
  type Lease,
  type Plan,
  policyGuards,
  type RolloutController,
  type RolloutEvents,
  type RolloutNotice,
  type RolloutState,
  type Stage,
} from '@sluice/rollout'
export {
  type ChangeNote,
  type Clock,
  type Commit,
  createReplica,
  type DefinitionSource,
  type FileSourceOptions,
  type FlagClient,
  type FlagClientStatus,
  fileSource,
  type Head,
  type LogCheck,
  type Replica,
  type Store,
  verifyLog,
} from '@sluice/stores'
export { createFileStore, type FileStoreOptions } from '@sluice/stores/file'
export { createMemoryStore } from '@sluice/stores/memory'
export { defineFlags } from './define-flags.ts'
export { resolveEnvironment } from './environment.ts'
export type { Branches } from './guarded.ts'
export { type Flags, type FlagsOptions, openFlags } from './open-flags.ts'
export { createRolloutController, type FlagRolloutOptions } from './rollout-controller.ts'
