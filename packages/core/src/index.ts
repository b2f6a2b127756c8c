/**
 * What a flag means: definitions, buckets, evaluation and explanations, without zod and without anything of Node.
 *
 * @module
 */

export type { Answer, ErrorCode, Reason } from './answer.ts'
export { bucketCount, bucketLimit, splitLimits } from './bucket.ts'
export { bucketOf } from './bucket-of.ts'
export { type EvaluationContext, targetingKeyOf } from './context.ts'
export type {
  AttributeCondition,
  Condition,
  EnvironmentSettings,
  Exposure,
  Exposures,
  FlagDefinition,
  FlagDefinitions,
  Operators,
  Prerequisite,
  Rule,
  Scalar,
  Schedule,
  SegmentDefinitions,
  Split,
} from './definition.ts'
export type { Engines } from './engine-types.ts'
export { isSluiceError, SluiceError, type SluiceErrorDetails } from './errors.ts'
export { explainFlag } from './explain.ts'
export type {
  Bucketing,
  ExplainFlag,
  ExplainScope,
  Explanation,
  ExplanationStep,
} from './explanation.ts'
export { createFlagSet } from './flag-set.ts'
export type { FlagSet, FlagSetChanges, FlagSetOptions } from './flag-set-contract.ts'
export { PrefixHash } from './hash.ts'
export type { FlagInspection } from './inspection.ts'
export type { Json, JsonObject } from './json.ts'
export { longEnvironmentName } from './long-environment-name.ts'
export { nearestName } from './nearest.ts'
export type { EvaluateOptions, FlagReaders, KeyOf, ValueOf } from './readers.ts'
export { type FlagSettings, settingsFor } from './settings.ts'
