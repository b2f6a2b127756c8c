/**
 * Splits the requests of a `node:http` server between two arms, as a reverse proxy.
 *
 * @module
 */

export { defaultEjection, type EjectionLimits } from './dispatcher/ejection.ts'
export type { ArmOrigins, TrafficOptions } from './dispatcher/options.ts'
export type { TrafficEvent, TrafficOutcome } from './dispatcher/outcome.ts'
export {
  createSplitProxy,
  type SplitProxy,
  type SplitProxyOptions,
} from './proxy/create-split-proxy.ts'
export type { StickyCookie } from './proxy/sticky-cookie.ts'
