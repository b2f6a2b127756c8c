import { AsyncLocalStorage } from 'node:async_hooks'
import { types } from 'node:util'
import { type Answer, type EvaluationContext, type Json, SluiceError } from '@sluice/core'
import type { FlagClient } from '@sluice/stores'
import { type ValueType, valueOr } from './answer-value.ts'

/** Hears of one question's answer, and of whom it was asked for. It must be quick: whoever asked waits for it. */
export type AnswerListener = (answer: Answer, context: EvaluationContext) => void

/** Who hears of the questions that a client is asked. */
export interface AnswerTaps {
  /** Hears of each question from now on, until the answered function is called. */
  onAnswer(listener: AnswerListener): () => void
  /** Tells of a question that the client was not asked itself: a request's, by its own snapshot. */
  tell(answer: Answer, context: EvaluationContext): void
}

/** A listener; added twice it is two. */
interface Listening {
  readonly listener: AnswerListener
  /** Of a function that only returns a promise it is known once it did. */
  isAsync: boolean
}

/**
 * Lets listeners hear what a client is asked one by one: `isEnabled`, the typed getters, `evaluate` and `guarded`.
 * `evaluateAll` and `explain` are not heard: nobody's code depends on a flag by asking for all of them.
 *
 * A client that nobody listens to stays as it is. What a listener asks itself nobody hears. A listener that throws changes
 * no answer; it is told to `onError` and hears nothing more.
 */
export function tapAnswers(client: FlagClient, onError: (error: SluiceError) => void): AnswerTaps {
  /** What listeners ask once they have awaited something is theirs, too. */
  const later = new AsyncLocalStorage<true>()
  let listeners: readonly Listening[] = []
  let isTapped = false
  let isTelling = false

  function ask(key: string, context?: EvaluationContext, evaluation?: { now?: number }): Answer {
    // Of the set that the client shows, which a test may have laid overrides over.
    const answer = client.snapshot().evaluate(key, context, evaluation) as Answer
    tell(answer, context)
    return answer
  }

  function tell(answer: Answer, context: EvaluationContext): void {
    // What a listener asks would be told to itself, for ever.
    if (isTelling || later.getStore() === true) return
    isTelling = true
    tellAll(answer, context)
    isTelling = false
  }

  function tellAll(answer: Answer, context: EvaluationContext): void {
    const told = listeners
    for (let index = 0; index < told.length; index += 1) {
      const listening = told[index] as Listening
      const { listener, isAsync } = listening
      try {
        const outcome: unknown = isAsync
          ? later.run(true, listener, answer, context)
          : listener(answer, context)
        // An async function is a listener too: unheard, what it throws would end the process.
        if (outcome instanceof Promise) {
          listening.isAsync = true
          outcome.catch((cause) => {
            if (listeners.includes(listening)) fail(listening, answer, cause)
          })
        }
      } catch (cause) {
        fail(listening, answer, cause)
      }
    }
  }

  function fail(listening: Listening, { flagKey }: Answer, cause: unknown): void {
    drop(listening)
    const message = `A listener of answers threw at "${flagKey}", and hears no more of them.`
    onError(new SluiceError('listener_failed', message, { flag: flagKey, cause }))
  }

  function drop(listening: Listening): void {
    listeners = listeners.filter((each) => each !== listening)
  }

  function typed<T extends Json>(type: ValueType) {
    return (key: string, context: EvaluationContext, fallback: T): T =>
      valueOr(ask(key, context), type, fallback)
  }

  return {
    onAnswer(listener) {
      if (!isTapped) {
        isTapped = true
        Object.assign(client, {
          isEnabled: (key: string, context?: EvaluationContext) => ask(key, context).value === true,
          boolean: typed<boolean>('boolean'),
          string: typed<string>('string'),
          number: typed<number>('number'),
          object: typed<Json>('object'),
          evaluate: ask,
        })
      }
      const own: Listening = { listener, isAsync: types.isAsyncFunction(listener) }
      listeners = [...listeners, own]
      return () => drop(own)
    },
    tell,
  }
}
