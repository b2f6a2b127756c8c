export type { Answer, ErrorCode, Reason } from './answer.ts'
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
export { isSluiceError, SluiceError, type SluiceErrorDetails } from './errors.ts'
export type { Json, JsonObject } from './json.ts'
