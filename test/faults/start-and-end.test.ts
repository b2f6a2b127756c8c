import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReplica, openFlags, verifyLog } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { bundleProgram, type Running, run, wholeLines } from './processes.ts'

/** A process that has not ended by then never will. */
const killMs = 5_000

let programs: string
let terminated: string
let booted: string
beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'sluice-programs-'))
  terminated = await bundleProgram('terminated', programs)
  booted = await bundleProgram('booted', programs)
})
afterAll(() => rm(programs, { recursive: true }))

let folder: string
let directory: string
let cache: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-start-'))
  directory = join(folder, 'log')
  cache = join(folder, 'cache.json')
})
afterEach(() => rm(folder, { recursive: true }))

const lines = ({ said }: Running) => wholeLines(said())
const saying = (running: Running, line: string) =>
  vi.waitFor(() => expect(lines(running)).toContain(line), { timeout: 30_000 })

describe('SIGTERM in the middle of a write, with a hundred timers', () => {
  async function terminate(kind: 'slow' | 'silent') {
    const running = run(terminated, [directory, cache, kind])
    await saying(running, 'writing')
    running.child.kill('SIGTERM')
    const kill = setTimeout(() => running.child.kill('SIGKILL'), killMs)
    const ending = await running.ended
    clearTimeout(kill)
    const acknowledged = lines(running).flatMap((line) => {
      const [, revision, hash] = /^acknowledged (\d+) (\w+)$/.exec(line) ?? []
      return revision === undefined ? [] : [{ revision: Number(revision), hash }]
    })
    const store = createFileStore({ directory })
    expect(await verifyLog(store)).toMatchObject({ ok: true })
    const commits = await store.read(0)
    expect(commits.slice(0, acknowledged.length)).toMatchObject(acknowledged)
    return { ending, said: lines(running), acknowledged, commits }
  }

  it('ends by itself, and a write that still succeeds is acknowledged', async () => {
    const { ending, said, acknowledged, commits } = await terminate('slow')
    expect(ending).toBe(0)
    expect(acknowledged).toHaveLength(4)
    expect(commits).toHaveLength(4)
    expect(said).toContain('refused replica_closed')
    // The cache has it too.
    const dead = {
      ...createFileStore({ directory }),
      read: () => Promise.reject(new Error('down')),
    }
    const replica = createReplica({ store: dead, cache })
    await replica.start()
    expect(replica.head.revision).toBe(4)
    await replica.close()
  })

  it('ends by itself where the write is never answered, and says that its outcome is open', async () => {
    const { ending, said, acknowledged, commits } = await terminate('silent')
    expect(ending).toBe(0)
    expect(acknowledged).toHaveLength(3)
    expect(commits).toHaveLength(3)
    expect(said).toContain('refused outcome_unknown')
    expect(said).toContain('closed')
  })
})

describe('a start while the store is down', () => {
  const elsewhere = () => join(folder, 'not-mounted')

  /** A log in which the flag is on for everybody; then its folder goes away. */
  async function leave(cache?: string): Promise<void> {
    const store = createFileStore({ directory, create: true })
    const flags = openFlags({
      ...{ store, environment: 'production', ...(cache && { cache }) },
      definitions: { a: { enabled: true, rollout: 0, environments: ['production'] } },
    })
    await flags.ready()
    await flags.setRollout('a', 100, { actor: 'ann', reason: 'before the restart' })
    await flags.close()
    await store.close()
    await rename(directory, elsewhere())
  }

  async function bootAndRecover(cache?: string): Promise<string[]> {
    const running = run(booted, [directory, cache ?? ''])
    await saying(running, 'up now')
    await rename(elsewhere(), directory)
    expect(await running.ended).toBe(0)
    return lines(running)
  }

  it('answers from the cache before the store has answered, and recovers by itself', async () => {
    await leave(cache)
    const [opened, ...rest] = await bootAndRecover(cache)
    expect(opened).toBe('opened: bootstrap off')
    expect(rest.slice(0, 4)).toEqual([
      'started: cached on',
      'ready: false',
      'waited: cached on',
      'up now',
    ])
    expect(rest.indexOf('the store answers')).toBeGreaterThan(3)
    expect(rest.slice(-2)).toEqual(['moved: live on', 'closed'])
  })

  it('answers from the definitions without a cache, and recovers by itself', async () => {
    await leave()
    const said = await bootAndRecover()
    expect(said.slice(0, 5)).toEqual([
      'opened: bootstrap off',
      'started: bootstrap off',
      'ready: false',
      'waited: bootstrap off',
      'up now',
    ])
    expect(said.slice(-2)).toEqual(['moved: live on', 'closed'])
  })
})
