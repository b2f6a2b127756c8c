import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { genesis, maxCommitBytes, sealCommit } from './chain.ts'
import type { CommitDraft } from './draft.ts'
import { createMemoryStore } from './memory.ts'
import { sealSnapshot } from './snapshot.ts'
import type { Commit } from './store.ts'
import { verifyLog } from './verify-log.ts'

const draft: CommitDraft = {
  actor: 'ann',
  action: 'set_rollout',
  reason: 'looks good',
  changes: [{ key: 'exposure/production/checkout', value: { rollout: 5 } }],
}

function sealMany(count: number): Commit[] {
  const commits: Commit[] = []
  for (let index = 0; index < count; index += 1) {
    const changes = [{ key: `key/${index % 3}`, value: index }]
    commits.push(sealCommit({ ...draft, changes }, commits.at(-1) ?? genesis, index))
  }
  return commits
}

describe('sealCommit', () => {
  it('puts the draft right after the head, with a hash anyone can compute again', () => {
    const first = sealCommit({ ...draft, ticket: 'OPS-7', environment: 'production' }, genesis, 5.9)
    expect(first).toMatchObject({ revision: 1, at: 5, previousHash: genesis.hash, ticket: 'OPS-7' })
    // Computed apart, by Python: sha256(json.dumps(body, sort_keys=True, separators=(',', ':'))).
    expect(first.hash).toBe('75f686abc280a13633ff0bf412ba0a2eff725e382dbe45f3c9a28a5de811c8c0')
    expect(sealCommit(draft, first, 6)).toMatchObject({ revision: 2, previousHash: first.hash })
  })

  it('gives a frozen commit that shares nothing with the draft', () => {
    const value = { rollout: 5 }
    const commit = sealCommit({ ...draft, changes: [{ key: 'a', value }] }, genesis, 1)
    value.rollout = 100
    expect(commit.changes[0]?.value).toEqual({ rollout: 5 })
    expect(() => Object.assign(commit.changes[0]!.value as object, { rollout: 50 })).toThrow(
      TypeError,
    )
  })

  it('holds in memory exactly what a reader of the JSON gets', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const changes = [{ key: 'a', value: value as null }]
        let commit: Commit
        try {
          commit = sealCommit({ ...draft, changes }, genesis, 1)
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_commit' })
          return
        }
        expect(JSON.parse(JSON.stringify(commit))).toStrictEqual(commit)
      }),
    )
  })

  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const bad: [string, unknown, string][] = [
    ['no object at all', undefined, ''],
    ['an empty actor', { ...draft, actor: ' ' }, '/actor'],
    ['a missing reason', { ...draft, reason: undefined }, '/reason'],
    ['an action that is no name', { ...draft, action: 'Set rollout' }, '/action'],
    ['an empty ticket', { ...draft, ticket: '' }, '/ticket'],
    ['a lone surrogate in the actor', { ...draft, actor: 'x\ud800' }, '/actor'],
    ['changes that are no list', { ...draft, changes: {} }, '/changes'],
    ['an empty key', withKey(''), '/changes/0/key'],
    ['a key that is no text', withKey(7), '/changes/0/key'],
    ['a key of 513 characters', withKey('k'.repeat(513)), '/changes/0/key'],
    ['a NUL in a key', withKey('flag/\0'), '/changes/0/key'],
    ['a lone surrogate in a key', withKey('flag/\udc00'), '/changes/0/key'],
    ['__proto__ in a key', withKey('flag/__proto__'), '/changes/0/key'],
    ['a key twice', { ...draft, changes: [change(1), change(2)] }, '/changes/1/key'],
    ['undefined', withValue(undefined), '/changes/0/value'],
    ['NaN', withValue({ a: [Number.NaN] }), '/changes/0/value/a/0'],
    ['an infinity', withValue({ 'a/b': Number.POSITIVE_INFINITY }), '/changes/0/value/a~1b'],
    ['a BigInt', withValue(1n), '/changes/0/value'],
    ['a function', withValue({ f: () => 1 }), '/changes/0/value/f'],
    ['a symbol', withValue(Symbol('s')), '/changes/0/value'],
    ['a date', withValue(new Date(0)), '/changes/0/value'],
    ['a map', withValue(new Map()), '/changes/0/value'],
    ['a hole', withValue(new Array(2)), '/changes/0/value/0'],
    ['a lone surrogate', withValue(['\ud83d']), '/changes/0/value/0'],
    ['a lone surrogate in a name', withValue({ '\ud83d': 1 }), '/changes/0/value/\ud83d'],
    ['the name __proto__', withValue(JSON.parse('{"__proto__":1}')), '/changes/0/value/__proto__'],
    ['a cycle', withValue(cycle), `/changes/0/value${'/self'.repeat(65)}`],
  ]
  for (const [name, input, pointer] of bad) {
    it(`refuses ${name}, and says where`, () => {
      expect(() => sealCommit(input as CommitDraft, genesis, 1)).toThrow(
        expect.objectContaining({ code: 'invalid_commit', pointer, message: expect.any(String) }),
      )
    })
  }

  it('refuses a time that is none, and a commit that is too large', () => {
    for (const at of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      expect(() => sealCommit(draft, genesis, at)).toThrow(
        expect.objectContaining({ code: 'invalid_commit', pointer: '/at' }),
      )
    }
    const value = 'ü'.repeat(maxCommitBytes / 2)
    expect(() => sealCommit({ ...draft, changes: [{ key: 'a', value }] }, genesis, 1)).toThrow(
      expect.objectContaining({
        code: 'commit_too_large',
        message: expect.stringContaining('split it'),
      }),
    )
  })
})

describe('verifyLog', () => {
  it('accepts an empty log, a whole one, and a store that holds one', async () => {
    expect(await verifyLog([])).toEqual({ ok: true, head: genesis, from: genesis })
    const commits = sealMany(5)
    const { revision, hash } = commits[4]!
    expect(await verifyLog(commits)).toEqual({ ok: true, head: { revision, hash }, from: genesis })
    const store = createMemoryStore()
    for (const commit of commits) await store.append(commit)
    expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: 5 } })
  })

  it('finds any change of any field of any commit, at its revision', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.constantFrom(...fields), async (index, field) => {
        const commits: Commit[] = sealMany(5)
        const altered = { ...commits[index]!, [field]: field === 'changes' ? [] : 'f'.repeat(64) }
        commits[index] = altered as Commit
        expect(await verifyLog(commits)).toMatchObject({ ok: false, revision: index + 1 })
      }),
    )
  })

  it('finds a commit left out, doubled, moved or added by another hand', async () => {
    const commits = sealMany(5)
    const [one, two, three, four, five] = commits as [Commit, Commit, Commit, Commit, Commit]
    expect(await verifyLog([one, two, four, five])).toMatchObject({ ok: false, revision: 3 })
    expect(await verifyLog([one, two, two, three])).toMatchObject({ ok: false, revision: 3 })
    expect(await verifyLog([two, one])).toMatchObject({ ok: false, revision: 1 })
    const forged = sealCommit(draft, one, 9)
    expect(await verifyLog([one, forged, three])).toMatchObject({ ok: false, revision: 3 })
  })

  it('finds a cut end or a log written anew, where a head was noted outside', async () => {
    const commits = sealMany(5)
    const expectedHead = commits[4]!
    expect(await verifyLog(commits, { expectedHead })).toMatchObject({ ok: true })
    expect(await verifyLog(commits.slice(0, 4), { expectedHead })).toMatchObject({
      ok: false,
      revision: 5,
      because: 'the log ends at 4 and had reached 5',
    })
    const anew = [...commits.slice(0, 4), sealCommit(draft, commits[3]!, 77)]
    expect(await verifyLog(anew, { expectedHead })).toMatchObject({ ok: false, revision: 5 })
  })

  it('holds the snapshot to what the commits add up to', async () => {
    const store = createMemoryStore()
    const commits = sealMany(4)
    for (const commit of commits) await store.append(commit)
    const entries = [1, 2, 3].map((n) => ({ key: `key/${n - 1}`, value: n - 1, revision: n }))
    await store.writeSnapshot(sealSnapshot(commits[2]!, entries, 1))
    expect(await verifyLog(store)).toMatchObject({ ok: true })
    const other = entries.map((entry) => ({ ...entry, value: 100 }))
    await store.writeSnapshot(sealSnapshot(commits[2]!, other, 1))
    expect(await verifyLog(store)).toEqual({
      ok: false,
      revision: 3,
      because: 'the snapshot does not hold what the commits add up to',
    })
  })
})

const fields = ['at', 'actor', 'reason', 'nonce', 'changes', 'previousHash', 'hash'] as const

function change(value: unknown) {
  return { key: 'flag/a', value }
}

function withKey(key: unknown) {
  return { ...draft, changes: [{ key, value: 1 }] }
}

function withValue(value: unknown) {
  return { ...draft, changes: [change(value)] }
}
