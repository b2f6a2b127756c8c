import type { Signal } from '@sluice/guards'
import type { Finding, HookAnswer } from '../finding.ts'

/** What a hook is told beside the instance. */
export interface InstanceContext {
  /** What is to run on the instance. */
  readonly version: string
  /** The same at every attempt, in every process, for this instance and version. */
  readonly idempotencyKey: string
  /** Aborted where it took too long, or is not wanted any more. */
  readonly signal: Signal
}

/**
 * What the application does with an instance. Each is called at least once: a process may die right after it did its
 * work. So each must bear repetition. One that answers false, or throws, has failed.
 */
export interface RollingHooks {
  /** Takes the instance out of the traffic. Resolves when its last request has ended. */
  takeOut(instance: string, context: InstanceContext): HookAnswer
  /** Brings the version onto the instance and starts it. */
  deploy(instance: string, context: InstanceContext): HookAnswer
  /** Whether it is healthy; asked until it is, and again when the batch has settled. A rejection is a no. */
  check(instance: string, context: InstanceContext): Promise<Finding> | Finding
  /** Puts it back into the traffic. */
  putBack(instance: string, context: InstanceContext): HookAnswer
  /** Brings the version before back onto the instance. Default: `deploy`. */
  revert?(instance: string, context: InstanceContext): HookAnswer
}
