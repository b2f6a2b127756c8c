import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGuardSet, LATENCY_BUCKETS } from '@sluice/guards'
import type { RolloutState } from '@sluice/rollout'
import { createReplica, type Store } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld, type Running } from './world.ts'

let folder: string
let world: MemoryWorld

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-running-'))
  world = createWorld(folder)
  await mkdir(join(folder, 'log'))
  await writeFile(
    join(folder, 'sluice.config.json'),
    JSON.stringify({
      ...{ store: './log', environment: 'production' },
      definitions: { newCheckout: { enabled: true, rollout: 5 }, newSearch: {} },
    }),
  )
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const begin = 'sluice rollout start newCheckout --reason "the new checkout" --yes'

/**
 * Lets its clock go on until it has written a text; slowly, since the disk does not read faster because
 * a clock does.
 */
async function showsLater(running: Running, text: string): Promise<void> {
  let isShown = false
  const shown = running.shows(text).finally(() => {
    isShown = true
  })
  while (!isShown) {
    await world.clock.advance(250)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await shown
}

describe('rollout watch, where nobody sits in front of it', () => {
  it('tells line by line what happened and where it led, to the end', async () => {
    await world.run(begin)
    const watch = world.start('sluice rollout watch --exit-status')
    await watch.shows('running  5 %')
    await world.run('sluice rollout pause newCheckout --as bo --reason "odd numbers"')
    await showsLater(watch, 'paused  5 %')
    await world.run('sluice rollout abort newCheckout --as cy --reason "by hand now" --yes')
    await showsLater(watch, 'by hand now')
    const { stdout, exitCode } = await watch.outcome
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.replace(/^\S+ \S+ {2}/u, ''))).toEqual([
      'ada  start rollout: the new checkout',
      expect.stringMatching(/running {2}5 %/u),
      'bo  pause: odd numbers',
      expect.stringMatching(/paused {2}5 %/u),
      'cy  abort: by hand now',
      expect.stringMatching(/aborted/u),
    ])
    expect(lines[0]).toMatch(/^2026-03-02 09:00:00 /u)
    expect(exitCode).toBe(1)
  })

  it('is a stream of documents with --json', async () => {
    await world.run(begin)
    const watch = world.start('sluice rollout watch newCheckout --json')
    await watch.shows('"state"')
    await world.run('sluice rollout abort newCheckout --as cy --reason "by hand now" --yes')
    await showsLater(watch, '"aborted"')
    const { stdout, exitCode } = await watch.outcome
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(documents).toMatchObject([
      { event: { revision: 1, actor: 'ada', action: 'start_rollout', reason: 'the new checkout' } },
      { state: { phase: 'running', flag: 'newCheckout' } },
      { event: { revision: 2, actor: 'cy', reason: 'by hand now' } },
      { state: { phase: 'aborted' } },
    ])
    expect(exitCode).toBe(0)
  })

  it('ends with 130 on Ctrl-C', async () => {
    await world.run(begin)
    const watch = world.start('sluice rollout watch')
    await watch.shows('running  5 %')
    watch.interrupt()
    expect((await watch.outcome).exitCode).toBe(130)
  })
})

describe('log --follow', () => {
  it('tells each commit that fits, as it comes, until Ctrl-C', async () => {
    await world.run('sluice set newCheckout 1 --reason "one"')
    const follow = world.start('sluice log --follow --actor ada')
    await follow.shows('one')
    await world.run('sluice set newCheckout 2 --reason "two" --as bo --yes')
    await world.run('sluice set newCheckout 3 --reason "three" --yes')
    await showsLater(follow, 'three')
    follow.interrupt()
    const { stdout, exitCode } = await follow.outcome
    expect(stdout).not.toContain('two')
    expect(stdout.match(/three/gu)).toHaveLength(1)
    expect(exitCode).toBe(130)
  })

  it('says that the store is away and back, and tells what was written meanwhile', async () => {
    await world.run('sluice set newCheckout 1 --reason "one"')
    const follow = world.start('sluice log --follow')
    await follow.shows('one')
    await rename(join(folder, 'log'), join(folder, 'elsewhere'))
    await showsLater(follow, 'It is asked again until it answers.')
    await rename(join(folder, 'elsewhere'), join(folder, 'log'))
    await world.run('sluice kill newCheckout --reason "meanwhile"')
    await showsLater(follow, 'meanwhile')
    follow.interrupt()
    const { stdout, stderr } = await follow.outcome
    expect(stderr).toContain('The store answers again.')
    expect(stderr.match(/asked again/gu)).toHaveLength(1)
    expect(stdout.match(/one|meanwhile/gu)).toEqual(['one', 'meanwhile'])
  })

  it.each(['before', 'after'] as const)(
    'tells a commit once that comes %s the log is read',
    async (when) => {
      const memory = createMemoryStore({ clock: world.clock })
      const other = createReplica({ store: memory, clock: world.clock })
      const write = (reason: string) =>
        other.commit({
          ...{ actor: 'bo', action: 'enable', reason, environment: 'production' },
          changes: [{ key: 'exposure/production/newCheckout', value: { enabled: true } }],
        })
      await write('one')
      let wholeReads = 0
      const store: Store = {
        ...memory,
        async read(after, limit) {
          // Two are the replica's; by the third the history is read, which so holds what the replica does not yet.
          if (after === 0) wholeReads += 1
          const isHistory = after === 0 && wholeReads === 3
          if (isHistory && when === 'before') await write('two')
          const page = await memory.read(after, limit)
          if (isHistory && when === 'after') {
            await write('two')
            // The replica is woken, and has it before the history is there.
            for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
          }
          return page
        },
      }
      Object.assign(globalThis, { storeOfTest: store })
      await writeFile(
        join(folder, 'own.mjs'),
        "export default { environment: 'production', store: () => ({ store: globalThis.storeOfTest }) }",
      )
      const follow = world.start('sluice log --follow --config own.mjs')
      await follow.shows('two')
      await write('three')
      await showsLater(follow, 'three')
      follow.interrupt()
      const { stdout } = await follow.outcome
      expect(stdout.match(/one|two|three/gu)).toEqual(['one', 'two', 'three'])
      expect(wholeReads).toBeGreaterThan(2)
      await other.close()
    },
  )

  it('is one commit a line with --json, and begins with what is there', async () => {
    await world.run('sluice set newCheckout 1 --reason "one"')
    const follow = world.start('sluice log --follow --json')
    await follow.shows('one')
    await world.run('sluice kill newCheckout --reason "two"')
    await showsLater(follow, 'two')
    follow.interrupt()
    const { stdout } = await follow.outcome
    const commits = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(commits).toMatchObject([
      { revision: 1, reason: 'one' },
      { revision: 2, reason: 'two', action: 'disable' },
    ])
  })
})

describe('a question', () => {
  const up = 'sluice set newCheckout 25 --reason "more users"'
  const head = async () => JSON.parse((await world.run('sluice flags --json')).stdout).revision

  it('is answered by Ctrl-C with 130, and nothing is changed', async () => {
    const asked = world.start(up, { isTTY: true })
    await asked.shows('[y/N]')
    asked.interrupt()
    const { exitCode, stderr } = await asked.outcome
    expect(stderr).toContain('Interrupted; nothing was changed.')
    expect(exitCode).toBe(130)
    expect(await head()).toBe(0)
  })

  it.each([
    ['y', 0, 1],
    ['yes', 0, 1],
    ['', 1, 0],
    ['yeah', 1, 0],
  ])('is answered by "%s" with %i', async (answer, exitCode, revision) => {
    const asked = world.start(up, { isTTY: true })
    await asked.shows('[y/N]')
    asked.type(`${answer}\n`)
    expect((await asked.outcome).exitCode).toBe(exitCode)
    expect(await head()).toBe(revision)
  })
})

describe('rollout promote', () => {
  it('is refused where a guard demands that it goes back, by what the services left in the log', async () => {
    await world.run(`${begin} --guards error_rate`)
    const store = createFileStore({ directory: join(folder, 'log') })
    const replica = createReplica({ store, clock: world.clock })
    await replica.refresh()
    const state = replica.get('rollout/production/newCheckout')?.value as unknown as RolloutState
    const promote = 'sluice rollout promote newCheckout --reason "seen enough" --yes'
    const keep = async (canaryErrors: number) => {
      const set = createGuardSet(state.guards)
      const at = world.clock.now()
      for (let second = 0; second < 60; second++) {
        const latency = new Float64Array(LATENCY_BUCKETS)
        const canary = { requests: 100, errors: canaryErrors, latency }
        const stable = { requests: 1_000, errors: 1, latency }
        set.observe({ at: at + second * 1_000, canary, stable })
      }
      const evidence = { schema: 1, rollout: state.id, run: 1, term: 1, at }
      await replica.commit({
        ...{
          actor: 'shop-1',
          action: 'keep_evidence',
          reason: 'a minute',
          environment: 'production',
        },
        changes: [
          {
            key: 'evidence/production/newCheckout',
            value: { ...evidence, checkpoint: set.checkpoint() } as never,
          },
        ],
      })
    }
    await keep(50)
    const { stderr, exitCode } = await world.run(promote)
    expect(stderr).toContain('A guard demands that newCheckout goes back: error_rate')
    expect(stderr).toContain('sluice rollout status newCheckout shows it.')
    expect(exitCode).toBe(1)
    await keep(0)
    expect((await world.run(promote)).exitCode).toBe(0)
    await replica.close()
    await store.close()
  })
})
