import type { Signal } from '@sluice/guards'
import type { Finding, HookAnswer } from '../finding.ts'

/** What a hook is told beside the arm. */
export interface ArmContext {
  /** What is to run on the arm, or runs there. */
  readonly version: string
  /** The same at every attempt, in every process. */
  readonly idempotencyKey: string
  /** From 1. Above 1 an earlier attempt may have done it all, or a part. */
  readonly attempt: number
  /** Aborted where it took too long, or is not wanted any more. */
  readonly signal: Signal
}

/**
 * What the application does with an arm. Each is called at least once: a process may die right after it did its work. So
 * each must bear repetition. One that answers false, or throws, has failed.
 */
export interface BlueGreenHooks {
  /** Brings a version onto the arm, which has no traffic. Resolves when it runs. */
  deploy(arm: string, context: ArmContext): HookAnswer
  /** Tries the arm before it gets traffic; a rejection, false and `isHealthy: false` send it back. */
  smokeTest?(arm: string, context: ArmContext): Promise<Finding> | Finding
  /** Fills caches and connection pools. */
  warmUp?(arm: string, context: ArmContext): HookAnswer
  /**
   * Takes the arm down: the old one at the end, or the new one that was sent back. It has no traffic then. Without it an arm
   * stays up, and there is something to switch back to also when all is over.
   */
  decommission?(arm: string, context: ArmContext): HookAnswer
}
