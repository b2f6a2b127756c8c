import assert from 'node:assert/strict'
import { genesis, type Head, sealCommit } from '../chain.ts'
import type { CommitDraft } from '../draft.ts'
import type { Commit, Store } from '../store.ts'

/** A test's body: a new store, and a way to open another one over the same log. */
export type Opened = (store: Store, reopen: () => Promise<Store>) => Promise<void>

/** Declares a test on a new store. */
export type DeclareTest = (title: string, body: Opened) => void

/** Appends commits after a head, and answers them. */
export async function appendSome(
  store: Store,
  count: number,
  after: Head = genesis,
): Promise<Commit[]> {
  const commits: Commit[] = []
  for (let index = 0; index < count; index += 1) {
    const commit = commitAt(commits.at(-1) ?? after, { index })
    await store.append(commit)
    commits.push(commit)
  }
  return commits
}

export function commitAt(head: Head, value: unknown): Commit {
  return sealCommit(draftOf(value), head, 1_767_225_600_000)
}

export function draftOf(value: unknown): CommitDraft {
  const changes = [{ key: 'flag/one', value: value as null }]
  return { actor: 'ann', action: 'set_flag', reason: 'the contract', changes }
}

export async function assertConflict(appending: Promise<void>): Promise<void> {
  await assert.rejects(appending, { code: 'conflict' })
}

export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

/** A store may freeze what it gives; then the attempt throws, which is as good. */
export function tryTo(change: () => void): void {
  try {
    change()
  } catch (error) {
    assert.ok(error instanceof TypeError)
  }
}

export function within(promise: Promise<void>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout>
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no wake-up within ${limitMs} ms`)), limitMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** What a promise rejects with; fails where it does not. */
export async function tryRejected(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was refused')
}
