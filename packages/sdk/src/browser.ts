/**
 * Flags in a page: answers that the server rendered, kept up to date by it.
 *
 * @module
 */

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
export type { Fetch, FetchedAnswer, Source, SourceClass, SourceEvent } from './browser/platform.ts'
export type { BrowserAnswer, Snapshot } from './browser/snapshot.ts'
