import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CompactableStore, getCut } from '../compaction.ts'
import { sealSnapshot } from '../snapshot.ts'
import type { Store } from '../store.ts'
import { verifyLog } from '../verify-log.ts'
import {
  appendSome,
  assertConflict,
  codeOf,
  commitAt,
  type DeclareTest,
  tryRejected,
} from './parts.ts'

/** What a store has to do that can drop commits; one that cannot is not asked. */
export function compactionContract(test: DeclareTest): void {
  const ifCompactable =
    (body: (store: CompactableStore, reopen: () => Promise<Store>) => Promise<void>) =>
    async (store: Store, reopen: () => Promise<Store>) => {
      if ('compact' in store) await body(store as CompactableStore, reopen)
    }

  test(
    'drops what a snapshot covers, says so to every reader, and still verifies',
    ifCompactable(async (store, reopen) => {
      const commits = await appendSome(store, 6)
      await store.writeSnapshot(sealSnapshot(commits[4]!, [], 5))
      const cut = { revision: 4, hash: commits[3]!.hash }
      assert.deepEqual(await store.compact({ keepAfter: 4 }), { cut, dropped: 4 })
      const other = await reopen()
      for (const reader of [store, other]) {
        const refusal = await tryRejected(reader.read(3))
        assert.equal(codeOf(refusal), 'compacted')
        assert.deepEqual(getCut(refusal), cut)
        assert.deepEqual(await reader.read(4), commits.slice(4))
        assert.equal((await verifyLog(reader)).ok, true)
      }
      const [next] = await appendSome(other, 1, commits.at(-1))
      assert.deepEqual(await store.read(5), [commits[5], next])
    }),
  )

  test(
    'drops nothing twice, nothing that no snapshot covers, and never the newest commit',
    ifCompactable(async (store) => {
      const commits = await appendSome(store, 5)
      assert.equal(codeOf(await tryRejected(store.compact({ keepAfter: 2 }))), 'snapshot_missing')
      assert.deepEqual(await store.read(0), commits)
      await store.writeSnapshot(sealSnapshot(commits[4]!, [], 5))
      const first = await store.compact({ keepAfter: 70 })
      assert.deepEqual(first, { cut: { revision: 4, hash: commits[3]!.hash }, dropped: 4 })
      assert.deepEqual(await store.compact({ keepAfter: 3 }), { ...first, dropped: 0 })
      assert.deepEqual(await store.read(4), [commits[4]])
    }),
  )

  test(
    'drops nothing where the snapshot is of another log',
    ifCompactable(async (store) => {
      const commits = await appendSome(store, 3)
      const strange = { revision: 2, hash: 'f'.repeat(64) }
      await store.writeSnapshot(sealSnapshot(strange, [], 5))
      assert.equal(codeOf(await tryRejected(store.compact({ keepAfter: 2 }))), 'broken_chain')
      assert.deepEqual(await store.read(0), commits)
    }),
  )

  test(
    'begins after a commit that is elsewhere, if it is empty',
    ifCompactable(async (store, reopen) => {
      const cut = { revision: 40, hash: 'a'.repeat(64) }
      await store.startAfter(cut)
      const other = await reopen()
      for (const reader of [store, other]) {
        const refusal = await tryRejected(reader.read(0))
        assert.equal(codeOf(refusal), 'compacted')
        assert.deepEqual(getCut(refusal), cut)
        assert.deepEqual(await reader.read(40), [])
      }
      await assertConflict(other.append(commitAt({ revision: 0, hash: cut.hash }, 'first')))
      const commits = await appendSome(other, 2, cut)
      assert.deepEqual(await store.read(40), commits)
      assert.equal(codeOf(await tryRejected(store.startAfter(cut))), 'log_not_empty')
      const later = { revision: 50, hash: cut.hash }
      assert.equal(codeOf(await tryRejected(store.startAfter(later))), 'log_not_empty')
    }),
  )

  test(
    'archives what it drops as JSON lines',
    ifCompactable(async (store) => {
      const commits = await appendSome(store, 4)
      await store.writeSnapshot(sealSnapshot(commits[3]!, [], 5))
      const archive = await mkdtemp(join(tmpdir(), 'sluice-archive-'))
      try {
        await store.compact({ keepAfter: 3, archive })
        const [name = '', ...others] = await readdir(archive)
        assert.deepEqual(others, [])
        const lines = (await readFile(join(archive, name), 'utf8')).trimEnd().split('\n')
        assert.deepEqual(
          lines.map((line) => JSON.parse(line)),
          commits.slice(0, 3),
        )
      } finally {
        await rm(archive, { recursive: true })
      }
    }),
  )
}
