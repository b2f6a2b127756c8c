import { setTimeout as sleep } from 'node:timers/promises'
import { type Commit, genesis, type Store, sealCommit } from '@sluice/stores'
import {
  bearer,
  createHttpStore,
  createLogHandler,
  type HttpStoreOptions,
  type LogHandlerOptions,
  toNodeListener,
} from '@sluice/stores/http'
import { expect } from 'vitest'
import { type Listening, serveHttp } from '../services/http.ts'

export const tokens = {
  read: 'read-token-0123456789',
  write: 'write-token-0123456789',
  maintain: 'maintain-token-0123456789',
}

/** What a test opened, in order; closed after it, last first. */
let opened: { close(): unknown }[] = []

export async function closeAll(): Promise<void> {
  for (const each of opened.reverse()) await each.close()
  opened = []
}

export function keep<T extends { close(): unknown }>(each: T): T {
  opened.push(each)
  return each
}

/** A log served on the loopback. */
export async function serveLog(
  store: Store,
  options: Partial<LogHandlerOptions> = {},
): Promise<Listening & { reported: unknown[] }> {
  const reported: unknown[] = []
  const handler = createLogHandler(store, {
    authorize: bearer(tokens),
    report: (error) => reported.push(error),
    ...options,
  })
  const server = await serveHttp(toNodeListener(handler))
  keep({
    async close() {
      handler.close()
      await server.close()
      await store.close()
    },
  })
  return { ...server, reported }
}

export function open({ url }: { url: string }, options: Partial<HttpStoreOptions> = {}) {
  return keep(createHttpStore({ url, token: tokens.maintain, ...options }))
}

export const draft = (value: unknown) => ({
  ...{ actor: 'ann', action: 'note', reason: 'a test' },
  changes: [{ key: 'k', value: value as null }],
})

export function chainOf(count: number, value: unknown = null): Commit[] {
  const commits: Commit[] = []
  for (let index = 0; index < count; index += 1) {
    commits.push(sealCommit(draft(value ?? index), commits.at(-1) ?? genesis, 1))
  }
  return commits
}

export async function fill(store: Store, commits: readonly Commit[]): Promise<void> {
  for (const commit of commits) await store.append(commit)
}

export async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 5_000; round += 1) {
    if (condition()) return
    await sleep(2)
  }
  expect.fail('the condition never held')
}

export const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('nothing was refused'),
    (error: { code: string; message: string; retryAfterMs?: number; cause?: unknown }) => error,
  )
