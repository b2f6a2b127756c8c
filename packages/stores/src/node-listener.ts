/**
 * Serves a handler of web requests from `node:http` and `node:http2`.
 *
 * @module
 */

export {
  type NodeRequest,
  type NodeResponse,
  toNodeListener,
} from './log-handler/node-listener.ts'
export { readJson } from './log-handler/read-body.ts'
export type { WebRequest, WebResponse } from './log-handler/web.ts'
