import type { ArmName } from './counts.ts'
import type { HealthRecorder } from './health-recorder.ts'

/** How a call is counted. */
export interface CallOptions<Result> {
  readonly arm: ArmName
  /** Who it is for: {@link HealthRecorder.record}. */
  readonly unit?: string | undefined
  /**
   * Whether a result counts as served well, for what reports failure without throwing, such as a response with status
   * 500. Default: every result does. Where it throws itself, the call counts as an error.
   */
  readonly isOk?: ((result: Awaited<Result>) => boolean) | undefined
}

/** How the calls of a wrapped function are counted. */
export interface WrapOptions<Args extends readonly unknown[], Result>
  extends Pick<CallOptions<Result>, 'isOk'> {
  /** Fixed, or asked with each call's arguments. Default `stable`. Where it throws, the call is dropped from the counts. */
  readonly arm?: ArmName | ((...args: Args) => ArmName)
  /** Who a call is for. Where it throws, nobody is known. */
  readonly unit?: (...args: Args) => string | undefined
}

/**
 * Makes a call, times it and counts it.
 *
 * Its own result, or its own error, comes through unchanged. A promise is counted when it settles, or when it is older than
 * the recorder's `timeoutMs`; what comes back for it is one that settles with the same value or error, just after.
 */
export function runCounted<Result>(
  recorder: Pick<HealthRecorder, 'begin'>,
  call: () => Result,
  { arm, unit, isOk }: CallOptions<Result>,
): Result {
  const flight = recorder.begin(arm, unit)
  let result: Result
  try {
    result = call()
  } catch (error) {
    flight.end(false)
    throw error
  }
  if (!isThenable(result)) {
    flight.end(judge(result as Awaited<Result>, isOk))
    return result
  }
  // Foreign thenables answer anything from `then`, or call back twice: a promise takes them in.
  const promise: Promise<unknown> = result instanceof Promise ? result : Promise.resolve(result)
  return promise.then(
    (value) => {
      flight.end(judge(value as Awaited<Result>, isOk))
      return value
    },
    (error: unknown) => {
      flight.end(false)
      throw error
    },
  ) as Result
}

/** The function, counting each of its calls. It keeps `this`, arguments, results and errors. */
export function wrapCounted<This, Args extends readonly unknown[], Result>(
  recorder: Pick<HealthRecorder, 'begin'>,
  fn: (this: This, ...args: Args) => Result,
  { arm = 'stable', unit, isOk }: WrapOptions<Args, Result> = {},
): (this: This, ...args: Args) => Result {
  return function (this: This, ...args: Args): Result {
    return runCounted(recorder, () => fn.apply(this, args as unknown as [...Args]), {
      arm: typeof arm === 'function' ? (attempt(arm, args) as ArmName) : arm,
      unit: unit && attempt(unit, args),
      isOk,
    })
  }
}

/** Counting must never be what breaks a call. */
function attempt<Args extends readonly unknown[], Answer>(
  ask: (...args: Args) => Answer,
  args: Args,
): Answer | undefined {
  try {
    return ask(...args)
  } catch {
    return undefined
  }
}

function judge<Result>(
  result: Awaited<Result>,
  isOk: ((result: Awaited<Result>) => boolean) | undefined,
): boolean {
  try {
    return isOk === undefined || isOk(result)
  } catch {
    // A judgement that fails is no reason to lose the result; it counts against the arm.
    return false
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    // A result that cannot be looked at is still the call's result.
    return false
  }
}
