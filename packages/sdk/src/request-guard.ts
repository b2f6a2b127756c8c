import {
  type EvaluationContext,
  type FlagDefinitions,
  type KeyOf,
  SluiceError,
  targetingKeyOf,
} from '@sluice/core'
import type { ArmName } from '@sluice/guards'
import { currentFlags } from './current-flags.ts'
import { armOf } from './guarded.ts'
import type { Flags } from './open-flags.ts'

/**
 * A request's user: a string, or an object with a targeting key; null or undefined where nobody is known. A promise is
 * none: find out who it is before.
 */
export type RequestUser =
  | string
  | null
  | undefined
  | (object & { readonly then?: never })
  // The same for a literal object, whose unknown names TypeScript takes for mistakes.
  | { readonly then?: never; readonly [attribute: string]: unknown }

/** How what ended is judged. */
export interface CountOptions {
  /** Whether a response with this status counts as an error. Default: 500 and above do. */
  readonly isError?: (status: number) => boolean
  /**
   * Hears what a function of these options threw. Without it nobody does: a guard never breaks what it counts, unless
   * this throws.
   */
  readonly report?: (error: unknown) => void
}

/** How a flag's requests are told apart and counted. */
export interface RequestGuardOptions<Request> extends CountOptions {
  /**
   * The user a request is from, for the flag. It is asked once a request and answers at once: find out who it is
   * before. Where it throws or knows nobody, the flag is off for the request, and the request is not counted.
   */
  readonly user: (request: Request) => RequestUser
}

/** The answers that hold for a request from its guards on, by flag: whatever becomes of the flags meanwhile. */
export type RequestFlags<Key extends string = string> = { readonly [key in Key]: boolean }

/**
 * How a request or a call ends, to be told while it is under way. The first end counts, later ones do not; where none
 * comes in the recorder's time, it is an error.
 */
export interface RequestOutcome {
  /** It ended with this status, or began with it and was then given up by the other side. */
  answered(status: number): void
  /** It ended badly, whatever the status was. */
  failed(): void
}

/** A request with its answers. */
export interface GuardedRequest<Key extends string> {
  readonly flags: RequestFlags<Key>
  /** Begins to count. Where there is nothing to count, nothing is. */
  start(): RequestOutcome
}

/** A request's way into the guards: who is asking, and the answers it was given by others before. */
export type RequestGuard<Request, Key extends string> = (
  request: Request,
  given: RequestFlags | null | undefined,
) => GuardedRequest<Key>

/**
 * Makes what every framework's middleware does with a request: evaluates the flag once, remembers the answer, and counts
 * the request under the arm that the answer chose.
 *
 * @throws SluiceError `invalid_request_guard` where `user` is no function.
 */
export function createRequestGuard<D extends FlagDefinitions, Key extends KeyOf<D>, Request>(
  flags: Flags<D>,
  key: Key,
  options: RequestGuardOptions<Request>,
): RequestGuard<Request, Key> {
  const { user, report } = options
  checkFunction(key, 'user', user)
  const count = createCounter(flags, key, options)
  return (request, given) => {
    // A second guard of the same flag keeps to the first one's answer, and leaves the counting to it.
    if (given && Object.hasOwn(given, key)) return { flags: given, start: uncounted }
    const context = attempt(() => user(request), report)
    const arm = chooseArm(flags, key, context)
    return {
      // Without a prototype no key is there by accident.
      flags: Object.assign(Object.create(null), given, { [key]: arm === 'canary' }),
      start: arm === undefined ? uncounted : () => count(arm, unitOf(context, report)),
    }
  }
}

/** The arm that a flag chooses for a user; undefined where it could place nobody. In a request's scope, by what that sees. */
export function chooseArm<D extends FlagDefinitions>(
  flags: Pick<Flags<D>, 'evaluate'>,
  key: KeyOf<D>,
  context: EvaluationContext,
): ArmName | undefined {
  if (!context) return undefined
  const scope = currentFlags(flags)?.withContext(context)
  return armOf(scope ? scope.evaluate(key) : flags.evaluate(key, context))
}

/** Makes what counts requests for a flag: called when one begins, told of how it ends. */
export function createCounter<D extends FlagDefinitions>(
  flags: Flags<D>,
  key: KeyOf<D>,
  { isError = (status) => status >= 500, report }: CountOptions,
): (arm: ArmName, unit: string | undefined) => RequestOutcome {
  checkFunction(key, 'isError', isError)
  return (arm, unit) => {
    const inFlight = flags.health(key).begin(arm, unit)
    return {
      // A judgement that fails says nothing good.
      answered: (status) => inFlight.end(attempt(() => !isError(status), report) ?? false),
      failed: () => inFlight.end(false),
    }
  }
}

/** A context's targeting key, which may be anything of the application's: a getter that throws, too. */
export function unitOf(
  context: EvaluationContext,
  report?: CountOptions['report'],
): string | undefined {
  return attempt(() => targetingKeyOf(context), report)
}

/** Asks a function of the application, which may throw: then the answer is undefined. */
export function attempt<T>(ask: () => T, report: CountOptions['report']): T | undefined {
  try {
    return ask()
  } catch (error) {
    report?.(error)
    return undefined
  }
}

/** @throws SluiceError `invalid_request_guard` for what is not to be found out with the first request. */
export function checkFunction(flag: string, name: string, value: unknown): void {
  if (typeof value === 'function') return
  const found = typeof value
  const details = { flag, pointer: `/${name}`, expected: 'a function', found }
  const message = `the guard of flag "${flag}" needs a function as "${name}", not ${found}`
  throw new SluiceError('invalid_request_guard', message, details)
}

const nothing: RequestOutcome = { answered() {}, failed() {} }
const uncounted = (): RequestOutcome => nothing
