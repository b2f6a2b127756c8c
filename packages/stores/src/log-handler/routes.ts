import { isSluiceError } from '@sluice/core'
import { findHashFault } from '../chain.ts'
import type { CompactableStore } from '../compaction.ts'
import {
  maxBodyBytes,
  maxPageBytes,
  maxPageCommits,
  maxSnapshotBytes,
  wirePaths,
} from '../http/wire.ts'
import { isCommit, isHead } from '../shape.ts'
import { checkSnapshot } from '../snapshot.ts'
import type { Commit, Exchange, Snapshot, Store } from '../store.ts'
import type { Access } from './access.ts'
import { emptyAnswer, jsonAnswer, refuse } from './answers.ts'
import { assertFollows } from './assert-follows.ts'
import type { EventHub } from './event-hub.ts'
import { readJson } from './read-body.ts'
import { readPage } from './read-page.ts'

/** What one method of one path does, and what its sender must be allowed to do. */
export interface Route {
  readonly access: Access
  run(request: Request, query: URLSearchParams): Promise<Response>
}

/** Paths, and the methods of each. */
export type Routes = ReadonlyMap<string, ReadonlyMap<string, Route>>

/** What the routes act on. */
export interface Served {
  readonly store: Store | CompactableStore
  readonly exchange: Exchange | undefined
  readonly hub: EventHub
}

export function createRoutes({ store, exchange, hub }: Served): Routes {
  const readCommits: Route['run'] = async (_, query) => {
    const after = parseCount(query.get('after') ?? '0', 'after')
    const limit = parseCount(query.get('limit') ?? String(maxPageCommits), 'limit')
    return jsonAnswer(await readPage(store, after, Math.min(limit, maxPageCommits)))
  }

  const append: Route['run'] = async (request) => {
    const commit = checkCommit(await readJson(request, maxBodyBytes))
    await assertFollows(store, commit)
    await store.append(commit)
    hub.wake()
    const { revision, hash } = commit
    return jsonAnswer(JSON.stringify({ revision, hash }), 201)
  }

  const readSnapshot: Route['run'] = async () => {
    const snapshot = await store.readSnapshot()
    return snapshot === undefined ? emptyAnswer() : jsonAnswer(JSON.stringify(snapshot))
  }

  const writeSnapshot: Route['run'] = async (request) => {
    await store.writeSnapshot(parseSnapshot(await readJson(request, maxSnapshotBytes)))
    return emptyAnswer()
  }

  const compactable = (): CompactableStore => {
    if ('compact' in store) return store
    throw refuse('store_unsupported', 'The store of this log cannot drop commits.')
  }

  const compact: Route['run'] = async (request) => {
    const { keepAfter } = (await readObject(request)) as { keepAfter?: unknown }
    if (!isCount(keepAfter)) throw refuse('bad_request', 'keepAfter is no revision.')
    return jsonAnswer(JSON.stringify(await compactable().compact({ keepAfter })))
  }

  const startAfter: Route['run'] = async (request) => {
    const cut = await readJson(request, maxBodyBytes)
    if (!isHead(cut)) throw refuse('bad_request', 'The body names no commit.')
    await compactable().startAfter({ revision: cut.revision, hash: cut.hash })
    return emptyAnswer()
  }

  const openEvents: Route['run'] = async () => new Response(await hub.open(), { headers: isEvents })

  const board = (): Exchange => {
    if (exchange !== undefined) return exchange
    throw refuse('store_unsupported', 'The store of this log has no exchange.')
  }

  const collect: Route['run'] = async (_, query) => {
    const values = await board().collect(query.get('prefix') ?? '')
    const text = JSON.stringify({ values })
    if (Buffer.byteLength(text) <= maxPageBytes) return jsonAnswer(text)
    throw refuse(
      'too_large',
      `The values take more than ${maxPageBytes} bytes: ask for a longer prefix.`,
    )
  }

  const publish: Route['run'] = async (request) => {
    const { key, value, ttlMs } = await readObject(request)
    if (typeof key !== 'string' || value === undefined || typeof ttlMs !== 'number') {
      throw refuse('bad_request', 'Send key, value and ttlMs.')
    }
    await board().publish(key, value as null, ttlMs)
    return emptyAnswer()
  }

  return new Map([
    pathOf('commits', { GET: on('read', readCommits), POST: on('write', append) }),
    pathOf('snapshot', { GET: on('read', readSnapshot), PUT: on('write', writeSnapshot) }),
    pathOf('events', { GET: on('read', openEvents) }),
    pathOf('exchange', { GET: on('read', collect), POST: on('write', publish) }),
    pathOf('compaction', { POST: on('maintain', compact) }),
    pathOf('start', { POST: on('maintain', startAfter) }),
  ])
}

function on(access: Access, run: Route['run']): Route {
  return { access, run }
}

function pathOf(
  name: keyof typeof wirePaths,
  methods: { readonly [method: string]: Route },
): [string, ReadonlyMap<string, Route>] {
  return [wirePaths[name], new Map(Object.entries(methods))]
}

/** A proxy must neither keep a stream nor wait for its end. */
const isEvents = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/** Takes digits only: `1e3`, `-1`, ` 1` and `../1` are no positions. */
function parseCount(text: string, name: string): number {
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (isCount(count) && (name === 'after' || count > 0)) return count
  throw refuse('bad_request', `${name} is no number of a commit.`)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

async function readObject(request: Request): Promise<{ readonly [name: string]: unknown }> {
  const body = await readJson(request, maxBodyBytes)
  if (typeof body === 'object' && body !== null) return body as { readonly [name: string]: unknown }
  throw refuse('bad_request', 'The body is no object.')
}

function checkCommit(body: unknown): Commit {
  if (!isCommit(body)) throw refuse('bad_request', 'The body is no commit.')
  const fault = findFault(body)
  if (fault === undefined) return body
  throw refuse('bad_request', `The commit is damaged: ${fault}.`)
}

function findFault(commit: Commit): string | undefined {
  try {
    return findHashFault(commit)
  } catch {
    // Fields that are no part of a commit may be nested without end.
    return 'it cannot be hashed'
  }
}

function parseSnapshot(body: unknown): Snapshot {
  try {
    return checkSnapshot(body, 'the request')
  } catch (cause) {
    throw refuse('bad_request', isSluiceError(cause) ? cause.message : 'The body is no snapshot.')
  }
}
