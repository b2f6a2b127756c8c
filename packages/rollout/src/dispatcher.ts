/**
 * Splits the calls of undici and of `fetch` between two arms.
 *
 * @module
 */

export {
  createSplitDispatcher,
  type SplitDispatcher,
  type SplitDispatcherOptions,
} from './dispatcher/create-split-dispatcher.ts'
export { defaultEjection, type EjectionLimits } from './dispatcher/ejection.ts'
export type { ArmOrigins, TrafficOptions } from './dispatcher/options.ts'
export type { TrafficEvent, TrafficOutcome } from './dispatcher/outcome.ts'
