import {
  type EvaluationContext,
  GeneralError,
  type Hook,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  ProviderFatalError,
  type ResolutionDetails,
} from '@openfeature/web-sdk'
import type { FlagDefinitions } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { isServable, type ValueType } from '../answer-value.ts'
import type { BrowserFlags } from '../browser/contract.ts'
import { pageClock } from '../browser/platform.ts'
import { fallBack, notReady, type Resolution, serve } from './resolution.ts'
import { askFor, followedPage } from './served-page.ts'
import { createSession, type SessionError, type Source } from './session.ts'

/** How a page's answers are served to OpenFeature. */
export interface OpenFeatureProviderOptions {
  /** How long `initialize` waits for answers where the page has none, in ms. Default 5,000. */
  readonly timeoutMs?: number
  /** Run with every evaluation, behind the application's own. */
  readonly hooks?: Hook[]
  /** What bounds `initialize`. Default: the page's timers. */
  readonly clock?: Clock
}

const eventOf = {
  ready: ProviderEvents.Ready,
  stale: ProviderEvents.Stale,
  error: ProviderEvents.Error,
} as const

/**
 * Serves the answers of a page to applications that ask through OpenFeature's web SDK.
 *
 * OpenFeature's context says whose answers they are: where it names another targeting key than the answers that are there,
 * `initialize` and `onContextChange` ask the server for that user's. Rules are evaluated there. No resolver throws.
 *
 * @param flags Of `createBrowserFlags`. Where it is a function, `initialize` calls it and `onClose` closes what it opened;
 * flags that were handed in stay open.
 */
export function createOpenFeatureProvider<D extends FlagDefinitions>(
  flags: Source<BrowserFlags<D>>,
  options: OpenFeatureProviderOptions = {},
): Provider {
  const { timeoutMs = 5_000, hooks, clock = pageClock } = options
  const source = flags as unknown as Source<BrowserFlags>
  const events = new OpenFeatureEventEmitter()
  const newSession = () =>
    createSession({
      ...{ source, timeoutMs, clock },
      followed: (opened) => followedPage(opened, () => context, clock),
      events: {
        standing: (standing, message) =>
          events.emit(eventOf[standing], message === undefined ? {} : { message }),
        change: (keys) =>
          events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...keys] }),
      },
    })
  let context: EvaluationContext | undefined
  let session = newSession()

  function resolve<T>(key: string, type: ValueType, fallback: T): ResolutionDetails<T> {
    const answer = session.flags?.evaluate(key)
    const details: Resolution<T> =
      answer === undefined
        ? notReady(fallback)
        : isServable(answer, type)
          ? serve(answer, answer.metadata)
          : fallBack(key, type, fallback, answer, answer.metadata)
    // Our words are OpenFeature's, though not of the type of its enumerations.
    return details as ResolutionDetails<T>
  }

  /** A user who changes while the flags are opened is asked for once they are open. */
  async function reconcile(next: EvaluationContext): Promise<void> {
    if (session.flags === undefined) await begin(session)
    await askFor(session.flags, next)
  }

  /** The SDK takes us for ready in its reaction to the promise; what is to be said against it comes behind that. */
  function tellBehind(done: Promise<void>): Promise<void> {
    const { tell } = session
    queueMicrotask(() => done.then(tell, () => {}))
    return done
  }

  return {
    metadata: { name: 'sluice' },
    runsOn: 'client',
    events,
    ...(hooks === undefined ? {} : { hooks }),

    initialize(first) {
      context = first
      return tellBehind(begin(session))
    },

    onContextChange(_, next) {
      context = next
      return tellBehind(reconcile(next))
    },

    async onClose() {
      const ending = session
      session = newSession()
      await ending.end()
    },

    resolveBooleanEvaluation: (key, fallback) => resolve(key, 'boolean', fallback),
    resolveStringEvaluation: (key, fallback) => resolve(key, 'string', fallback),
    resolveNumberEvaluation: (key, fallback) => resolve(key, 'number', fallback),
    resolveObjectEvaluation: <T extends JsonValue>(key: string, fallback: T) =>
      resolve(key, 'object', fallback),

    track(name, _, { value }) {
      session.flags?.track(name, value)
    },
  }
}

/** @throws OpenFeatureError by whose code the SDK tells what can be mended from what cannot. */
async function begin(session: { begin(): Promise<void> }): Promise<void> {
  try {
    await session.begin()
  } catch (cause) {
    const { message, isFatal } = cause as SessionError
    throw new (isFatal ? ProviderFatalError : GeneralError)(message, { cause })
  }
}
