import type { ArmName, HealthRecorder } from '@sluice/guards'

/** The two ways of one flag: new code and old. */
export interface Branches<On, Off> {
  /** Runs where the flag is on: the canary arm. */
  readonly on: () => On
  /** Runs where it is off: the stable arm. */
  readonly off: () => Off
  /**
   * Whether a result counts as served well, for branches that report failure without throwing, such
   * as a response with status 500. Default: every result does.
   */
  readonly isOk?: (result: Awaited<On> | Awaited<Off>) => boolean
}

/**
 * Runs the branch that the flag chooses, times it and counts it for the guards.
 *
 * The branch's own result, or its own error, comes through unchanged. A promise is counted when it
 * settles; what comes back for it is one that settles with the same value or error, just after.
 */
export function runGuarded<On, Off>(
  isOn: boolean,
  branches: Branches<On, Off>,
  recorder: HealthRecorder,
): On | Off {
  const arm: ArmName = isOn ? 'canary' : 'stable'
  const startedAt = performance.now()
  let result: On | Off
  try {
    result = isOn ? branches.on() : branches.off()
  } catch (error) {
    recorder.record(arm, false, performance.now() - startedAt)
    throw error
  }
  if (!isThenable(result)) {
    count<On, Off>(arm, result as Awaited<On> | Awaited<Off>, startedAt, branches, recorder)
    return result
  }
  // Foreign thenables answer anything from `then`, or call back twice: a promise takes them in.
  const promise: Promise<unknown> = result instanceof Promise ? result : Promise.resolve(result)
  return promise.then(
    (value) => {
      count<On, Off>(arm, value as Awaited<On> | Awaited<Off>, startedAt, branches, recorder)
      return value
    },
    (error: unknown) => {
      recorder.record(arm, false, performance.now() - startedAt)
      throw error
    },
  ) as On | Off
}

function count<On, Off>(
  arm: ArmName,
  result: Awaited<On> | Awaited<Off>,
  startedAt: number,
  { isOk }: Branches<On, Off>,
  recorder: HealthRecorder,
): void {
  const durationMs = performance.now() - startedAt
  let ok = true
  try {
    ok = isOk === undefined || isOk(result)
  } catch {
    // A judgement that fails is no reason to lose the result; it counts against the arm.
    ok = false
  }
  recorder.record(arm, ok, durationMs)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    // A result that cannot be looked at is still the branch's result.
    return false
  }
}
