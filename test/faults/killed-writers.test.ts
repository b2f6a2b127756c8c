import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Commit, createReplica, verifyLog } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProgram, createRandom, run, wholeLines } from './processes.ts'

/** All of them where there is time; enough otherwise to meet every step of a write many times. */
const kills = process.env.SLUICE_LONG ? 200 : 60

/** Per kill some 250 ms on two busy cores; ten times that before a run is held for stuck. */
const timeoutMs = kills * 2_500

let programs: string
beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'sluice-programs-'))
})
afterAll(() => rm(programs, { recursive: true }))

describe(`${kills} writers killed in the middle of writes to one file store`, () => {
  it(
    'leave every file readable, the chain whole and every acknowledged commit in it',
    async () => {
      const writer = await bundleProgram('writer', programs)
      const directory = await mkdtemp(join(tmpdir(), 'sluice-killed-'))
      const random = createRandom(20_260_101)
      const acknowledged = new Map<number, string>()

      // Two at a time, so that they also race each other.
      const runLane = async (lane: number) => {
        for (let round = 0; round < kills / 2; round += 1) {
          const { child, said, firstLine, ended } = run(writer, [directory, `w${lane}-${round}`])
          await firstLine
          await pause(5 + random() * 55)
          child.kill('SIGKILL')
          expect(await ended).toBe('SIGKILL')
          for (const line of wholeLines(said())) {
            const [revision, hash] = line.split(' ') as [string, string]
            expect(acknowledged.has(Number(revision)), 'one position, two writers').toBe(false)
            acknowledged.set(Number(revision), hash)
          }
        }
      }
      await Promise.all([runLane(0), runLane(1)])

      const store = createFileStore({ directory })
      const check = await verifyLog(store)
      expect(check).toMatchObject({ ok: true, from: { revision: 0 } })
      const commits = await store.read(0)
      expect(commits.map((commit) => commit.revision)).toEqual(commits.map((_, index) => index + 1))
      expect(acknowledged.size).toBeGreaterThanOrEqual(kills)
      for (const [revision, hash] of acknowledged) expect(commits[revision - 1]?.hash).toBe(hash)
      for (const name of await readdir(directory)) {
        if (name.endsWith('.json')) JSON.parse(await readFile(join(directory, name), 'utf8'))
      }
      await store.close()
      await rm(directory, { recursive: true })
    },
    timeoutMs,
  )
})

describe('compactors killed in the middle of compactions', () => {
  it(
    'lose no commit: archive and log together hold the whole chain',
    async () => {
      const compactor = await bundleProgram('compactor', programs)
      const directory = await mkdtemp(join(tmpdir(), 'sluice-compacted-'))
      const archive = join(directory, 'archive')
      const random = createRandom(7)
      for (let round = 0; round < kills / 5; round += 1) {
        const { child, firstLine, ended } = run(compactor, [directory, archive])
        await firstLine
        await pause(random() * 60)
        child.kill('SIGKILL')
        await ended
      }

      const store = createFileStore({ directory })
      const check = await verifyLog(store)
      expect(check).toMatchObject({ ok: true })
      const kept = check.ok ? await store.read(check.from.revision) : []
      const archived = new Map<number, Commit>()
      for (const name of await readdir(archive)) {
        if (!name.endsWith('.jsonl')) continue
        for (const line of wholeLines(await readFile(join(archive, name), 'utf8'))) {
          const commit = JSON.parse(line) as Commit
          archived.set(commit.revision, commit)
        }
      }
      for (const commit of kept) archived.set(commit.revision, commit)
      const whole = [...archived.values()].sort((one, other) => one.revision - other.revision)
      expect(await verifyLog(whole)).toMatchObject({ ok: true, head: { revision: whole.length } })

      const replica = createReplica({ store })
      await replica.refresh()
      expect(replica.head.revision).toBe(whole.length)
      expect(replica.get('compactor')).toMatchObject({ value: whole.at(-1)?.changes[0]?.value })
      await replica.close()
      await store.close()
      await rm(directory, { recursive: true })
    },
    timeoutMs,
  )
})
