export {
  type Answer,
  type Condition,
  type EvaluationContext,
  type Explanation,
  type FlagDefinition,
  type FlagDefinitions,
  isSluiceError,
  type Rule,
  SluiceError,
} from '@sluice/core'
export type { DefinedFlags } from '@sluice/core/node'
export {
  createHealthRecorder,
  errorRate,
  type HealthRecorder,
  latency,
  type MetricSource,
  maxErrorRate,
  maxLatency,
  type Verdict,
} from '@sluice/guards'
export {
  canary,
  createRolloutController,
  type Plan,
  type RolloutController,
  type RolloutControllerOptions,
  type RolloutState,
} from '@sluice/rollout'
export { type ChangeNote, type Commit, fileSource, type Store, verifyLog } from '@sluice/stores'
export { createFileStore } from '@sluice/stores/file'
export { createMemoryStore } from '@sluice/stores/memory'
export { defineFlags } from './define-flags.ts'
export { resolveEnvironment } from './environment.ts'
export type { Branches } from './guarded.ts'
export { type Flags, type FlagsOptions, openFlags } from './open-flags.ts'
