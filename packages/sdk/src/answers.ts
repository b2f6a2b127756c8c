/**
 * Serves the answers of one user to their browser, as JSON and as a stream of events.
 *
 * @module
 */

import { type NodeRequest, type NodeResponse, toNodeListener } from '@sluice/stores/node-listener'
import {
  type AnsweringFlags,
  type AnswersHandler,
  type AnswersOptions,
  createAnsweringHandler,
} from './answers/handler.ts'

export { type NodeRequest, type NodeResponse, toNodeListener } from '@sluice/stores/node-listener'
export {
  type AnsweringSet,
  type AnswerSheet,
  type AnswerSheetOptions,
  answerSheet,
  type SheetAnswer,
} from './answer-sheet.ts'
export type { FlagMetadata } from './answer-value.ts'
export type { AnsweringFlags, AnswersHandler, AnswersOptions } from './answers/handler.ts'
export { sheetElement } from './answers/sheet-text.ts'

/**
 * Serves the answers of one user each to `createBrowserFlags`, on any path: a handler of web requests, as Hono, Next.js
 * and others take it.
 */
export function answersHandler(flags: AnsweringFlags, options: AnswersOptions): AnswersHandler {
  const handle = createAnsweringHandler(flags, options)
  return Object.assign((request: Parameters<typeof handle>[0]) => handle(request, request), {
    close: handle.close,
  })
}

/** A listener of `node:http`, and middleware for Express. */
export interface AnswersListener<Incoming> {
  (request: Incoming, response: NodeResponse): void
  /** Ends every stream, and opens no more, so that a server can close. */
  close(): void
}

/**
 * {@link answersHandler} for `node:http` and Express: `contextOf` gets Node's own request, with what middleware left on it, a
 * session say.
 */
export function answersListener<Incoming extends NodeRequest = NodeRequest>(
  flags: AnsweringFlags,
  options: AnswersOptions<Incoming>,
): AnswersListener<Incoming> {
  const handle = createAnsweringHandler(flags, options)
  return Object.assign(toNodeListener<Incoming>(handle), { close: handle.close })
}
