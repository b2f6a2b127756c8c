export {
  type NodeRequest,
  type NodeResponse,
  toNodeListener,
} from './log-handler/node-listener.ts'
export type { WebRequest, WebResponse } from './log-handler/web.ts'
