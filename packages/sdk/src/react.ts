/**
 * Flags in React: a provider, hooks and `<Feature>`.
 *
 * @module
 */

'use client'

export type { AnswerSheet, SheetAnswer } from './answer-sheet.ts'
export type { FlagMetadata } from './answer-value.ts'
export { answersInPage } from './browser/answers-in-page.ts'
export type {
  BrowserFlags,
  BrowserFlagsEvents,
  BrowserFlagsOptions,
  BrowserFlagsStatus,
} from './browser/contract.ts'
export { createBrowserFlags } from './browser/create-browser-flags.ts'
export type { BrowserAnswer } from './browser/snapshot.ts'
export { createHooks, type Hooks } from './react/create-hooks.ts'
export {
  Feature,
  type FeatureProps,
  useAnswer,
  useFlag,
  useFlags,
  useVariant,
} from './react/hooks.ts'
export { SluiceProvider, type SluiceProviderProps, useSluice } from './react/provider.ts'
