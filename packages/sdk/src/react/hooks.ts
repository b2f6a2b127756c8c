import type { Json } from '@sluice/core'
import { type ReactNode, useSyncExternalStore } from 'react'
import { type ValueType, valueOr } from '../answer-value.ts'
import { answerIn, type BrowserAnswer, type Snapshot } from '../browser/snapshot.ts'
import { useSluice } from './provider.ts'

/**
 * What is selected of all answers: on a server and while its HTML is taken over, of those rendered into the page.
 *
 * @param select Answers the same object for the same snapshot.
 */
function useAnswers<T>(select: (snapshot: Snapshot) => T): T {
  const { subscribe, getSnapshot, getServerSnapshot } = useSluice()
  return useSyncExternalStore(
    subscribe,
    () => select(getSnapshot()),
    () => select(getServerSnapshot()),
  )
}

/** Whether a boolean flag is on. The component renders again when that changes, and for no other reason. */
export function useFlag(key: string): boolean {
  return useAnswers((snapshot) => answerIn(snapshot, key).value === true)
}

/** The values of all flags that have one. The component renders again with every change. */
export function useFlags(): { readonly [key: string]: Json } {
  return useAnswers(({ values }) => values)
}

/** A flag's answer with variant, reason and error. */
export function useAnswer(key: string): BrowserAnswer {
  return useAnswers((snapshot) => answerIn(snapshot, key))
}

/**
 * The value of a flag with variants; the fallback where it has none, on an error, or if it is of another type.
 *
 * @param fallback null takes a value of any type.
 */
export function useVariant<T extends Json>(key: string, fallback: T): Json {
  const answer = useAnswer(key)
  if (fallback === null) return answer.errorCode === undefined ? (answer.value ?? null) : null
  const isAlike = Array.isArray(answer.value) === Array.isArray(fallback)
  return isAlike ? valueOr<Json>(answer, typeof fallback as ValueType, fallback) : fallback
}

/** What {@link Feature} shows, and when. */
export interface FeatureProps {
  readonly flag: string
  /** Shown while the flag is off. Default: nothing. */
  readonly fallback?: ReactNode
  /** Shown while it is on. */
  readonly children?: ReactNode
}

/** Shows its children while a boolean flag is on. */
export function Feature({ flag, fallback, children }: FeatureProps): ReactNode {
  return useFlag(flag) ? children : fallback
}
