/**
 * One install for applications: flags, guarded branches, rollouts and approvals.
 *
 * @module
 */

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
  calibrationFactor,
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
  type GuardCheckpoint,
  gauge,
  type HealthRecorder,
  latency,
  limitFromHistory,
  type MetricSource,
  maxErrorRate,
  maxLatency,
  type Observation,
  packTick,
  type Replay,
  replay,
  sampleRatio,
  type Tick,
  unpackTick,
  type Verdict,
  type VerdictExplanation,
} from '@sluice/guards'
export {
  type Alert,
  type AlertSink,
  type Alerts,
  type Approval,
  type ApprovalCheck,
  type ApprovalSubject,
  type Approvals,
  type BlueGreen,
  blueGreen,
  type CanaryOptions,
  type CanaryPlan,
  type Checklists,
  canary,
  createAlerts,
  createApprovals,
  createBlueGreen,
  createChecklists,
  createProcedure,
  createPromotion,
  createRollingUpdate,
  type Directory,
  defaultHealthPolicy,
  defaultPolicy,
  definePolicy,
  digestOf,
  type EnvironmentPoint,
  type FlagLifecycle,
  type FleetSource,
  type Forecast,
  type ForecastTraffic,
  forecast,
  guardFlagCommands,
  type HealthPolicy,
  type Lease,
  type LifecyclePoint,
  lifecycleOf,
  type NextStep,
  needsApproval,
  openAfterRollback,
  type Plan,
  type Policy,
  type PolicyGuardsOptions,
  type PolicyOverrides,
  parsePolicy,
  policyGuards,
  type RollingPlan,
  type RollingUpdate,
  type RolloutController,
  type RolloutEvents,
  type RolloutNotice,
  type RolloutState,
  type Router,
  rollbackTimeline,
  rolling,
  rolloutSubject,
  type Stage,
  type Steering,
  soakPlan,
  steerTraffic,
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
export {
  type AnswerSheet,
  type AnswerSheetOptions,
  answerSheet,
  type SheetAnswer,
} from './answer-sheet.ts'
export type { AnswerListener } from './answer-taps.ts'
export { currentFlags, runWithFlags } from './current-flags.ts'
export { defineFlags } from './define-flags.ts'
export { resolveEnvironment } from './environment.ts'
export { type FlagValues, hasTag, type ShownFlags } from './flag-values.ts'
export type { Branches } from './guarded.ts'
export type { LifecycleOptions, LifecycleReader } from './lifecycle.ts'
export { logFlags } from './log-flags.ts'
export { type Flags, type FlagsOptions, openFlags } from './open-flags.ts'
export type { RequestReaders } from './request-readers.ts'
export { createRolloutController, type FlagRolloutOptions } from './rollout-controller.ts'
export type { ScopedFlags } from './scoped-flags.ts'
