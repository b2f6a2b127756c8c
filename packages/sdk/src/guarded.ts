import type { Answer, EvaluationContext } from '@sluice/core'
import { type ArmName, type HealthRecorder, runCounted } from '@sluice/guards'
import { readableKey } from './readable-key.ts'

/** The two ways of one flag: new code and old. */
export interface Branches<On, Off> {
  /** Runs where the flag is on: the canary arm. */
  readonly on: () => On
  /** Runs where it is off: the stable arm. Also for who cannot be placed, and is not counted. */
  readonly off: () => Off
  /**
   * Whether a result counts as served well, for branches that report failure without throwing, such
   * as a response with status 500. Default: every result does.
   */
  readonly isOk?: (result: Awaited<On> | Awaited<Off>) => boolean
}

/** The arm that an answer chooses; undefined where the flag could place nobody. */
export function armOf({ value, errorCode }: Answer): ArmName | undefined {
  // Who cannot be placed meets the old code because of that, and is no sample of the stable arm.
  if (errorCode !== undefined) return undefined
  return value === true ? 'canary' : 'stable'
}

/**
 * Runs the branch that the flag's answer chooses, times it and counts it for the guards, under the context's
 * targeting key: of the errors that one user's retries make in a minute, one counts.
 *
 * The branch's own result, or its own error, comes through unchanged, as it does from
 * {@link runCounted}. A promise that does not settle within the recorder's time counts as an error.
 */
export function runGuarded<On, Off>(
  answer: Answer,
  context: EvaluationContext,
  branches: Branches<On, Off>,
  recorder: HealthRecorder,
): On | Off {
  const arm = armOf(answer)
  if (arm === undefined) return branches.off()
  return runCounted<On | Off>(recorder, () => (arm === 'canary' ? branches.on() : branches.off()), {
    arm,
    unit: readableKey(context),
    isOk: branches.isOk,
  })
}
