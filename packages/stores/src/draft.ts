import { SluiceError } from '@sluice/core'
import { copyJson, hasLoneSurrogate } from './json-copy.ts'
import type { Change, Commit } from './store.ts'

/** What a caller wants written; the log adds the position, the time and the hashes. */
export interface CommitDraft {
  /** Who: a person, or the name of the machine that decided. */
  readonly actor: string
  /** What was done, lower snake case. */
  readonly action: string
  /** Why. */
  readonly reason: string
  readonly ticket?: string | undefined
  readonly environment?: string | undefined
  /** New values by key, each key once; null deletes. An empty list leaves a record and no change. */
  readonly changes: readonly Change[]
}

/** A draft that was checked: exactly the part of a commit that its caller decides. */
export type CheckedDraft = Pick<
  Commit,
  'actor' | 'action' | 'reason' | 'ticket' | 'environment' | 'changes'
>

/** The longest key, in UTF-16 units: enough for any name, and it fits every store's index. */
export const maxKeyLength = 512

/**
 * Checks a draft and copies it, frozen, without unknown properties.
 *
 * @throws SluiceError `invalid_commit` with the JSON pointer, what was expected and what was found.
 */
export function checkDraft(draft: CommitDraft): CheckedDraft {
  if (typeof draft !== 'object' || draft === null) throw refuse('', 'an object', draft)
  if (!Array.isArray(draft.changes)) throw refuse('/changes', 'a list', draft.changes)
  const { ticket, environment } = draft
  return Object.freeze({
    actor: checkText(draft.actor, '/actor'),
    action: checkAction(draft.action),
    reason: checkText(draft.reason, '/reason'),
    ...(ticket === undefined ? {} : { ticket: checkText(ticket, '/ticket') }),
    ...(environment === undefined ? {} : { environment: checkText(environment, '/environment') }),
    changes: checkChanges(draft.changes),
  })
}

function checkText(value: unknown, pointer: string): string {
  if (typeof value !== 'string' || value.trim() === '') {
    throw refuse(pointer, 'text that is not empty', value)
  }
  if (hasLoneSurrogate(value)) throw refuse(pointer, 'well-formed text', 'a lone surrogate')
  return value
}

function checkAction(value: unknown): string {
  const action = checkText(value, '/action')
  if (!/^[a-z][a-z0-9_]*$/.test(action)) {
    throw refuse('/action', 'lower snake case, such as set_rollout', action)
  }
  return action
}

function checkChanges(changes: readonly unknown[]): readonly Change[] {
  const seen = new Set<string>()
  const checked = changes.map((change, index) => {
    const pointer = `/changes/${index}`
    if (typeof change !== 'object' || change === null) throw refuse(pointer, 'an object', change)
    const { key, value } = change as Partial<Change>
    const name = checkKey(key, `${pointer}/key`)
    if (seen.has(name)) throw refuse(`${pointer}/key`, 'each key once', name)
    seen.add(name)
    return Object.freeze({ key: name, value: copyJson(value, `${pointer}/value`) })
  })
  return Object.freeze(checked)
}

function checkKey(key: unknown, pointer: string): string {
  if (typeof key !== 'string' || key === '') throw refuse(pointer, 'text that is not empty', key)
  if (key.length > maxKeyLength) {
    throw refuse(pointer, `at most ${maxKeyLength} characters`, `${key.length} characters`)
  }
  if (hasLoneSurrogate(key)) throw refuse(pointer, 'well-formed text', 'a lone surrogate')
  if (/\p{Cc}/u.test(key)) throw refuse(pointer, 'no control characters', JSON.stringify(key))
  if (key.split('/').includes('__proto__')) throw refuse(pointer, 'another name', '__proto__')
  return key
}

function refuse(pointer: string, expected: string, found: unknown): SluiceError {
  const shown = typeof found === 'string' ? JSON.stringify(found) : String(found)
  return new SluiceError(
    'invalid_commit',
    `The commit was refused at ${pointer || '/'}: expected ${expected}, found ${shown}.`,
    { pointer, expected, found: shown },
  )
}
