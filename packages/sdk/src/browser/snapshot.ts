import type { ErrorCode, Json, Reason } from '@sluice/core'
import type { FlagMetadata } from '../answer-value.ts'

/** One flag's answer in the page; shared between calls, and frozen. */
export interface BrowserAnswer {
  /** undefined where there is none: the flag has nothing to serve, or is not on the sheet. */
  readonly value: Json | undefined
  readonly variant: string | undefined
  readonly reason: Reason
  /** `PROVIDER_NOT_READY` while no sheet has come. */
  readonly errorCode?: ErrorCode | 'PROVIDER_NOT_READY'
  /** What the server tells of the flag, by its `metadataOf`. */
  readonly metadata?: FlagMetadata
}

/** All answers at one moment; the same object until an answer changes. */
export interface Snapshot {
  /** The log's revision when these answers came. */
  readonly revision: number
  readonly environment: string
  readonly targetingKey: string | undefined
  readonly answers: { readonly [key: string]: BrowserAnswer }
  /** The values alone. */
  readonly values: { readonly [key: string]: Json }
}

const noAnswers = Object.freeze(Object.create(null)) as Record<string, never>

/** Before any sheet. */
export const emptySnapshot: Snapshot = Object.freeze({
  ...{ revision: 0, environment: '', targetingKey: undefined },
  ...{ answers: noAnswers, values: noAnswers },
})

const notFound = missing('FLAG_NOT_FOUND')
const notReady = missing('PROVIDER_NOT_READY')

function missing(errorCode: 'FLAG_NOT_FOUND' | 'PROVIDER_NOT_READY'): BrowserAnswer {
  return Object.freeze({ value: undefined, variant: undefined, reason: 'ERROR', errorCode })
}

/** A flag's answer; anything else than the key of a flag is answered with an error. */
export function answerIn({ answers }: Snapshot, key: string): BrowserAnswer {
  // Not a template of the key: a symbol would throw.
  if (typeof key === 'string' && Object.hasOwn(answers, key)) return answers[key] as BrowserAnswer
  return answers === noAnswers ? notReady : notFound
}

/**
 * The snapshot that follows on another when a sheet has come, and the keys whose answers changed.
 *
 * What stayed equal stays the same object: the snapshot itself, or each answer.
 *
 * @param sheet From outside: it may be anything.
 * @returns undefined for what is no sheet. An answer that is none is left out.
 */
export function follow(
  before: Snapshot,
  sheet: unknown,
): { readonly snapshot: Snapshot; readonly keys: readonly string[] } | undefined {
  const { revision, environment, targetingKey, answers: given } = asObject(sheet) ?? {}
  const listed = asObject(given)
  if (typeof revision !== 'number' || typeof environment !== 'string' || !listed) return
  const answers: Record<string, BrowserAnswer> = Object.create(null)
  const values: Record<string, Json> = Object.create(null)
  const keys = new Set([...Object.keys(before.answers), ...Object.keys(listed)])
  for (const key of [...keys]) {
    const old = before.answers[key]
    const answer = readAnswer(listed, key)
    const same = old && answer && JSON.stringify(old) === JSON.stringify(answer) ? old : answer
    if (same === old) keys.delete(key)
    if (!same) continue
    answers[key] = same
    if (same.value !== undefined) values[key] = same.value
  }
  const snapshot = {
    ...{ revision, environment, answers, values },
    targetingKey: typeof targetingKey === 'string' ? targetingKey : undefined,
  }
  const isSame =
    keys.size === 0 &&
    before !== emptySnapshot &&
    environment === before.environment &&
    snapshot.targetingKey === before.targetingKey
  return { snapshot: isSame ? before : deepFreeze(snapshot), keys: [...keys] }
}

function readAnswer(listed: Record<string, unknown>, key: string): BrowserAnswer | undefined {
  const found = Object.hasOwn(listed, key) ? asObject(listed[key]) : undefined
  if (found === undefined || typeof found.reason !== 'string') return
  const { value, variant, reason, errorCode } = found
  const metadata = asObject(found.metadata)
  return deepFreeze({
    value: (value ?? undefined) as Json | undefined,
    variant: typeof variant === 'string' ? variant : undefined,
    reason: reason as Reason,
    ...(typeof errorCode === 'string' && { errorCode: errorCode as ErrorCode }),
    ...(metadata && { metadata: metadata as FlagMetadata }),
  })
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Record<string, unknown>) : undefined
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const each of Object.values(value)) deepFreeze(each)
  return Object.freeze(value)
}
