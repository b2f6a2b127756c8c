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
} from '@openfeature/server-sdk'
import type { Answer, FlagReaders } from '@sluice/core'
import { type Clock, systemClock } from '@sluice/stores'
import { isServable, type ValueType } from '../answer-value.ts'
import { type CountEvent, createEventCounter } from '../business-events.ts'
import { flagMetadata } from './flag-metadata.ts'
import { fallBack, notReady, serve } from './resolution.ts'
import { clientOf, definitionOf, followedClient } from './served-flags.ts'
import { createSession, type Session, type SessionError, type Source } from './session.ts'

/** How flags are served to OpenFeature. */
export interface OpenFeatureProviderOptions {
  /** How long `initialize` waits for flags that follow a log to be live, in ms. Default 5,000. */
  readonly timeoutMs?: number
  /** Run with every evaluation, behind the application's own. */
  readonly hooks?: Hook[]
  /** What bounds `initialize`. Default: the machine's clock. */
  readonly clock?: Clock
}

const eventOf = {
  ready: ProviderEvents.Ready,
  stale: ProviderEvents.Stale,
  error: ProviderEvents.Error,
} as const

/**
 * Serves flags to applications that ask through OpenFeature's server SDK.
 *
 * An evaluation context is asked as it stands: its attributes are those that rules name, and a Date is an instant. No
 * resolver throws or rejects: what has no answer is the caller's default, with OpenFeature's error code.
 *
 * Flags that follow a log are `STALE` while they are served from a cache or from the definitions alone, and in `ERROR`
 * while nothing is known at all. `track` counts business events for the guards of the rollouts under way.
 *
 * @param flags Of `openFlags`, a flag set, or `defineFlags`. Where it is a function, `initialize` calls it and `onClose` closes
 * what it opened; flags that were handed in stay open.
 */
export function createOpenFeatureProvider(
  flags: Source<FlagReaders>,
  options: OpenFeatureProviderOptions = {},
): Provider {
  const { timeoutMs = 5_000, hooks, clock = systemClock } = options
  const events = new OpenFeatureEventEmitter()
  const newSession = () =>
    createSession({
      ...{ source: flags, followed: followedClient, timeoutMs, clock },
      events: {
        standing: (standing, message) =>
          events.emit(eventOf[standing], message === undefined ? {} : { message }),
        change: (keys) =>
          events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...keys] }),
      },
    })
  let session = newSession()
  /** Answers are shared between calls, and so is what is made of them, as long as they live. */
  const made = new WeakMap<Answer, Promise<ResolutionDetails<never>>>()
  let counter: readonly [FlagReaders, CountEvent | undefined] | undefined

  function resolve<T>(
    key: string,
    type: ValueType,
    fallback: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    const { flags } = session
    if (flags === undefined) return promised(notReady(fallback))
    const answer = flags.evaluate(key, context) as Answer
    if (!isServable(answer, type)) {
      return promised(fallBack(key, type, fallback, answer, metadataOf(flags, key, answer)))
    }
    const known = made.get(answer)
    if (known !== undefined) return known
    const details = promised<T>(serve(answer, metadataOf(flags, key, answer)))
    made.set(answer, details as Promise<ResolutionDetails<never>>)
    return details
  }

  return {
    metadata: { name: 'sluice' },
    runsOn: 'server',
    events,
    ...(hooks === undefined ? {} : { hooks }),

    initialize() {
      const begun = begin(session)
      // The SDK takes us for ready in its reaction to this promise; what is to be said against it comes behind that.
      queueMicrotask(() => begun.then(session.tell, () => {}))
      return begun
    },

    async onClose() {
      const ending = session
      session = newSession()
      await ending.end()
    },

    resolveBooleanEvaluation: (key, fallback, context) =>
      resolve(key, 'boolean', fallback, context),
    resolveStringEvaluation: (key, fallback, context) => resolve(key, 'string', fallback, context),
    resolveNumberEvaluation: (key, fallback, context) => resolve(key, 'number', fallback, context),
    resolveObjectEvaluation: <T extends JsonValue>(
      key: string,
      fallback: T,
      context: EvaluationContext,
    ) => resolve(key, 'object', fallback, context),

    track(name, context, { value }) {
      const { flags } = session
      if (flags === undefined) return
      if (counter?.[0] !== flags) {
        const client = clientOf(flags)
        counter = [flags, client && createEventCounter(client)]
      }
      counter[1]?.(name, context, value)
    },
  }
}

/** @throws OpenFeatureError by whose code the SDK tells what can be mended from what cannot. */
async function begin(session: Session<FlagReaders>): Promise<void> {
  try {
    await session.begin()
  } catch (cause) {
    const { message, isFatal } = cause as SessionError
    throw new (isFatal ? ProviderFatalError : GeneralError)(message, { cause })
  }
}

function metadataOf(flags: FlagReaders, key: string, answer: Answer) {
  const definition = definitionOf(flags, key)
  return definition && flagMetadata(definition, answer)
}

/** Our words are OpenFeature's, though not of the type of its enumerations. */
function promised<T>(details: object): Promise<ResolutionDetails<T>> {
  return Promise.resolve(details as ResolutionDetails<T>)
}
