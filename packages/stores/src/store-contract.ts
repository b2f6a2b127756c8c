import assert from 'node:assert/strict'
import { genesis, type Head, maxCommitBytes, sealCommit } from './chain.ts'
import { compactionContract } from './contract/compaction.ts'
import { exchangeContract } from './contract/exchange.ts'
import {
  appendSome,
  assertConflict,
  codeOf,
  commitAt,
  draftOf,
  type Opened,
  tryTo,
  within,
} from './contract/parts.ts'
import { sealSnapshot } from './snapshot.ts'
import type { Commit, Store } from './store.ts'

/** How the suite gets at a store. */
export interface StoreUnderTest {
  /** A store over a new, empty log. */
  readonly create: () => Promise<Store>
  /**
   * Another store over the same log, as a second process would open it. Without it, what only holds
   * over processes is not asked.
   */
  readonly reopen?: (store: Store) => Promise<Store>
  /** How long a wake-up may take before the suite holds it for lost, in milliseconds. Default 5,000. */
  readonly wakeMs?: number
}

/** The two functions of a test runner that the suite uses: vitest's, jest's, mocha's, `node:test`'s. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, body: () => Promise<void>) => unknown
}

/**
 * Declares the tests that every store has to pass.
 *
 * @param name What the store is called in the report.
 */
export function storeContract(name: string, under: StoreUnderTest, runner: TestRunner): void {
  const { describe, it } = runner

  /** Runs a test body on a new store and closes whatever was opened. */
  const withStore = (body: Opened) => async () => {
    const opened: Store[] = []
    const keep = async (opening: Promise<Store>) => {
      const store = await opening
      opened.push(store)
      return store
    }
    try {
      const store = await keep(under.create())
      await body(store, () => (under.reopen ? keep(under.reopen(store)) : Promise.resolve(store)))
    } finally {
      for (const store of opened) await store.close()
    }
  }

  const test = (title: string, body: Opened) => it(title, withStore(body))

  describe(`${name}: the store contract`, () => {
    it(
      'begins empty',
      withStore(async (store) => {
        assert.deepEqual(await store.read(0), [])
        assert.equal(await store.readSnapshot(), undefined)
      }),
    )

    it(
      'gives back every commit, equal and in order, to every reader',
      withStore(async (store, reopen) => {
        const commits = await appendSome(store, 12)
        assert.deepEqual(await store.read(0), commits)
        assert.deepEqual(await (await reopen()).read(0), commits)
      }),
    )

    it(
      'reads after a revision, and no more than the limit',
      withStore(async (store) => {
        const commits = await appendSome(store, 7)
        assert.deepEqual(await store.read(3), commits.slice(3))
        assert.deepEqual(await store.read(3, 2), commits.slice(3, 5))
        assert.deepEqual(await store.read(6, 5), commits.slice(6))
        assert.deepEqual(await store.read(7), [])
        assert.deepEqual(await store.read(70), [])
      }),
    )

    it(
      'refuses a revision that is taken, skipped, old or first again',
      withStore(async (store, reopen) => {
        const commits = await appendSome(store, 3)
        const other = await reopen()
        for (const [revision, via] of [
          [3, store],
          [5, store],
          [1, store],
          [3, other],
          [5, other],
          [70, other],
        ] as const) {
          const before = { revision: revision - 1, hash: commits[0]!.hash }
          await assertConflict(via.append(commitAt(before, { note: 'late' })))
        }
        assert.deepEqual(await store.read(0), commits)
      }),
    )

    it(
      'refuses the same commit a second time',
      withStore(async (store) => {
        const [commit] = await appendSome(store, 1)
        await assertConflict(store.append(commit!))
        assert.equal((await store.read(0)).length, 1)
      }),
    )

    it(
      'lets one of many concurrent appends win each position',
      withStore(async (store, reopen) => {
        const other = await reopen()
        let head: Head = genesis
        for (let round = 0; round < 5; round += 1) {
          const rivals = Array.from({ length: 6 }, (_, index) => commitAt(head, { round, index }))
          const results = await Promise.allSettled(
            rivals.map((rival, index) => (index % 2 === 0 ? store : other).append(rival)),
          )
          const winners = rivals.filter((_, index) => results[index]!.status === 'fulfilled')
          for (const result of results) {
            if (result.status === 'rejected') assert.equal(codeOf(result.reason), 'conflict')
          }
          assert.equal(winners.length, 1, 'exactly one append wins')
          assert.deepEqual(await store.read(head.revision), winners)
          assert.deepEqual(await other.read(head.revision), winners)
          head = winners[0]!
        }
      }),
    )

    it(
      'shows an acknowledged append to every other reader at once',
      withStore(async (store, reopen) => {
        const other = await reopen()
        let head: Head = genesis
        for (let index = 0; index < 10; index += 1) {
          const [writer, reader] = index % 2 === 0 ? [store, other] : [other, store]
          const commit = commitAt(head, { index })
          await writer.append(commit)
          assert.deepEqual(await reader.read(head.revision), [commit])
          head = commit
        }
      }),
    )

    it(
      'does not let anyone change history through what it took or gave',
      withStore(async (store) => {
        const value = { list: [1, 2, 3] }
        const taken = structuredClone(commitAt(genesis, value)) as { actor: string }
        const kept = structuredClone(taken)
        await store.append(taken as unknown as Commit)
        taken.actor = 'mallory'
        const [given] = await store.read(0)
        assert.deepEqual(given, kept)
        tryTo(() => Object.assign(given!, { actor: 'mallory' }))
        tryTo(() => (given!.changes[0]!.value as unknown as typeof value).list.push(4))
        assert.deepEqual(await store.read(0), [kept])
      }),
    )

    it(
      'keeps any text and any number as it is',
      withStore(async (store, reopen) => {
        const value = {
          text: 'Grüße, 世界 👩‍👩‍👧 \u0000\u001f\u2028 "\\/ \ufeff\uffff',
          'ключ/~1~0 ': [0.1, 1e21, 5e-324, Number.MAX_SAFE_INTEGER, -1, null, true, '', {}, []],
        }
        const draft = { ...draftOf(value), actor: 'Zoë Ω', reason: 'weil es „nötig“ war' }
        const commit = sealCommit(
          { ...draft, changes: [{ key: 'flag/größe 😀', value }] },
          genesis,
          1,
        )
        await store.append(commit)
        assert.deepEqual(await (await reopen()).read(0), [commit])
      }),
    )

    it(
      'keeps a commit with every field, with none of the optional ones, and with no change',
      withStore(async (store) => {
        const full = sealCommit(
          { ...draftOf(1), ticket: 'OPS-1', environment: 'production' },
          genesis,
          1,
          'ab12',
        )
        const bare = sealCommit({ ...draftOf(1), changes: [] }, full, 2)
        const deletion = sealCommit({ ...draftOf(null) }, bare, 3)
        for (const commit of [full, bare, deletion]) await store.append(commit)
        assert.deepEqual(await store.read(0), [full, bare, deletion])
      }),
    )

    it(
      'keeps a commit of the largest size',
      withStore(async (store) => {
        const empty = Buffer.byteLength(JSON.stringify(commitAt(genesis, '')))
        const hash = Buffer.byteLength(`,"hash":"${genesis.hash}"`)
        const commit = commitAt(genesis, 'x'.repeat(maxCommitBytes - empty + hash))
        await store.append(commit)
        assert.deepEqual(await store.read(0), [commit])
      }),
    )

    it(
      'keeps a snapshot, and never an older one in its place',
      withStore(async (store, reopen) => {
        const commits = await appendSome(store, 3)
        const snapshots = commits.map((commit) =>
          sealSnapshot(commit, [{ key: 'k', value: { n: commit.revision }, revision: 1 }], 5),
        )
        const other = await reopen()
        await store.writeSnapshot(snapshots[1]!)
        assert.deepEqual(await other.readSnapshot(), snapshots[1])
        await other.writeSnapshot(snapshots[0]!)
        assert.deepEqual(await store.readSnapshot(), snapshots[1])
        await other.writeSnapshot(snapshots[2]!)
        assert.deepEqual(await store.readSnapshot(), snapshots[2])
        assert.deepEqual(await store.read(0), commits)
      }),
    )

    it(
      'wakes a watcher, if it can, until the watcher stops',
      withStore(async (store, reopen) => {
        if (store.watch === undefined) return
        let wake = () => {}
        const woken = new Promise<void>((resolve) => {
          wake = resolve
        })
        const stop = await store.watch(() => wake())
        await appendSome(await reopen(), 1)
        await within(woken, under.wakeMs ?? 5_000)
        stop()
        // A late hint is allowed, so all that can be asked is that stopping twice does no harm.
        stop()
      }),
    )

    compactionContract(test)
    exchangeContract(test)

    it(
      'answers store_closed after it was closed, and may be closed twice',
      withStore(async (store) => {
        await store.close()
        await store.close()
        await assert.rejects(store.read(0), { code: 'store_closed' })
        await assert.rejects(store.append(commitAt(genesis, 1)), { code: 'store_closed' })
        await assert.rejects(store.readSnapshot(), { code: 'store_closed' })
      }),
    )
  })
}
