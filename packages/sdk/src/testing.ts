/**
 * Test flags, overrides that end by themselves, every variant, matchers, scripted guards.
 *
 * @module
 */

export { createVerdict, scriptedJudge } from '@sluice/rollout/testing'
export { createManualClock, type ManualClock } from '@sluice/stores/testing'
export {
  type Combination,
  type CombinationTest,
  type EveryVariantOptions,
  everyVariant,
} from './testing/every-variant.ts'
export {
  type FlagMatchers,
  type FlagSubject,
  flagIn,
  flagMatchers,
  type MatcherResult,
} from './testing/matchers.ts'
export type { OverrideOf, Overrides } from './testing/overrides.ts'
export { type ScriptedArm, type ScriptedRead, scriptedSource } from './testing/scripted-source.ts'
export {
  type DefinitionsOf,
  type OnOrOff,
  type Restore,
  type TestFlags,
  type TestFlagsOptions,
  testFlags,
} from './testing/test-flags.ts'
export { whyAnswer } from './testing/why-answer.ts'
