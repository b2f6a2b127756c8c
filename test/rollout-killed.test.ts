import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { RolloutState } from '@sluice/rollout'
import { type Commit, createReplica, verifyLog } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProgram, createRandom, run, wholeLines } from './faults/processes.ts'

const kills = process.env.SLUICE_LONG === undefined ? 50 : 1_000

/** Per kill some 300 ms on two busy cores; twenty times that before a run is held for stuck. */
const timeoutMs = 60_000 + kills * 6_000

let programs: string
let roller: string
beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'sluice-programs-'))
  roller = await bundleProgram('roller', programs)
})
afterAll(() => rm(programs, { recursive: true }))

/** Rollouts that each killed controller would have begun, had it lived. */
const ambition = '1000'

describe(`${kills} controllers killed in the middle of rollbacks`, () => {
  it(
    'leave none stuck and none doubled: each rollout goes back once, to 0 percent',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'sluice-rollouts-'))
      const random = createRandom(20_260_101)
      const foundPhases = new Set<string>()

      // Two at a time: whoever comes next takes up what it finds, be it still in another's hands.
      const runLane = async (lane: number) => {
        for (let round = 0; round < kills / 2; round += 1) {
          const { child, said, ended } = run(roller, [directory, `k${lane}-${round}`, ambition])
          const decided = new Promise<void>((resolve) => {
            child.stdout?.on('data', () => {
              if (said().includes('decided')) resolve()
            })
          })
          await Promise.race([decided, ended])
          // A rollback takes some ten milliseconds: from before its first commit to after its last.
          await pause(random() * 25)
          child.kill('SIGKILL')
          expect(await ended).toBe('SIGKILL')
          for (const line of wholeLines(said())) {
            if (line.startsWith('found ')) foundPhases.add(line)
          }
        }
      }
      await Promise.all([runLane(0), runLane(1)])
      // One that lives sees what is left to its end.
      expect(await run(roller, [directory, 'last', '1']).ended).toBe(0)

      const store = createFileStore({ directory })
      expect(await verifyLog(store)).toMatchObject({ ok: true })
      const replica = createReplica({ store })
      await replica.refresh()
      const rollouts = replica.entries('rollout/')
      expect(rollouts.length).toBeGreaterThan(kills)
      const stories = tellStories(await store.read(0))
      for (const { key, value } of rollouts) {
        const { flag, phase } = value as unknown as RolloutState
        expect(`${flag} ${phase}`).toBe(`${flag} rolled_back`)
        expect(replica.get(key.replace('rollout/', 'exposure/'))?.value).toEqual({ rollout: 0 })
        expect(stories.get(key), flag).toEqual([
          ...['start_rollout', 'roll_back', 'verify_rollback', 'end_rollback'],
        ])
      }
      // The kills are worth something only if they left rollouts half done.
      expect([...foundPhases]).toEqual(expect.arrayContaining(['found verifying']))
      await replica.close()
      await store.close()
      await rm(directory, { recursive: true })
    },
    timeoutMs,
  )
})

/** What was done to each rollout, in order, without the counts of guard processes. */
function tellStories(commits: readonly Commit[]): Map<string, string[]> {
  const stories = new Map<string, string[]>()
  for (const { action, changes } of commits) {
    const key = changes.find((change) => change.key.startsWith('rollout/'))?.key
    if (key === undefined || action === 'watch') continue
    stories.set(key, [...(stories.get(key) ?? []), action])
  }
  return stories
}
