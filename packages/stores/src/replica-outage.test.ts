import { SluiceError } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { set, useReplicas } from './replica.fixture.ts'
import type { Commit, Store } from './store.ts'

const fixture = useReplicas({ beforeEach, afterEach })

/** A call that is never answered. */
const never = () => new Promise<never>(() => {})

/** A store whose reads can be made to fail, and the instants at which it was read. */
function breakable() {
  const reads: number[] = []
  const state: { failure: (() => Promise<Commit[]>) | undefined } = { failure: undefined }
  const store: Store = fixture.storeWith({
    read: async (after, limit) => {
      reads.push(fixture.clock.now())
      return state.failure?.() ?? fixture.store.read(after, limit)
    },
  })
  const pauses = () => reads.slice(1).map((at, index) => at - (reads[index] as number))
  return { store, state, reads, pauses }
}

function failsWith(code: string, more: object = {}) {
  return async () => {
    throw Object.assign(new SluiceError(code, 'as the test wants it'), more)
  }
}

describe('a store that swallows calls', () => {
  it('counts as lost after the time that a call may take, and is taken up again', async () => {
    const { store, state } = breakable()
    const replica = fixture.open({ store, storeTimeoutMs: 2_000, random: () => 1 })
    await replica.start()
    await fixture.clock.advance(0)
    expect(replica.status).toBe('live')
    const errors: string[] = []
    replica.on('error', (error) => errors.push(error.code))
    state.failure = never
    await fixture.clock.advance(2_999)
    expect(replica.status).toBe('live')
    await fixture.clock.advance(1)
    expect(replica.status).toBe('cached')
    expect(errors).toEqual(['store_unreachable'])
    state.failure = undefined
    await fixture.open().commit(set('a', 1))
    await fixture.clock.advance(2_000)
    expect(replica.status).toBe('live')
    expect(replica.get('a')?.value).toBe(1)
  })

  it('leaves the outcome of an append open, unless the commit is seen', async () => {
    const swallowing = (isWritten: boolean) =>
      fixture.storeWith({
        append: async (commit) => {
          if (isWritten) await fixture.store.append(commit)
          return never()
        },
      })
    const options = { storeTimeoutMs: 1_000, random: () => 1 }
    const writing = fixture.open({ ...options, store: swallowing(true) }).commit(set('a', 1))
    await fixture.clock.advance(1_000)
    expect((await writing).revision).toBe(1)
    const lost = fixture.open({ ...options, store: swallowing(false) }).commit(set('a', 2))
    const refused = expect(lost).rejects.toMatchObject({ code: 'outcome_unknown' })
    await fixture.clock.advance(60_000)
    await refused
    expect(await fixture.store.read(0)).toHaveLength(1)
  })

  it('is not watched by one that has given up waiting', async () => {
    let answer = (_unwatch: () => void) => {}
    let unwatched = 0
    const store = fixture.storeWith({
      watch: () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    })
    const replica = fixture.open({ store, storeTimeoutMs: 1_000 })
    await replica.start()
    await fixture.clock.advance(5_000)
    answer(() => {
      unwatched += 1
    })
    await fixture.clock.advance(0)
    expect(unwatched).toBe(1)
    expect(replica.status).toBe('live')
  })

  it('does not keep a replica from closing', async () => {
    const { store, state } = breakable()
    state.failure = never
    const replica = fixture.open({ store })
    await replica.start()
    await fixture.clock.advance(0)
    const writing = replica.commit(set('a', 1))
    const refused = expect(writing).rejects.toMatchObject({ code: 'replica_closed' })
    const closing = replica.close()
    await fixture.clock.advance(3_000)
    await closing
    await refused
    expect(fixture.clock.pendingTimers).toBe(0)
  })
})

describe('a store whose watch cannot be ended', () => {
  it('neither ends the process nor keeps a replica from closing', async () => {
    for (const unwatch of [
      () => {
        throw new Error('sync')
      },
      async () => {
        throw new Error('async')
      },
      'no function',
    ]) {
      const store = fixture.storeWith({ watch: async () => unwatch as () => void })
      const replica = fixture.open({ store })
      await replica.start()
      await fixture.clock.advance(0)
      await Promise.all([replica.close(), replica.close()])
    }
  })
})

describe('a replica', () => {
  it('is not made with times that are none', () => {
    for (const times of [{ pollMs: 0 }, { pollMs: Number.NaN }, { storeTimeoutMs: -1 }]) {
      expect(() => fixture.open(times)).toThrow(/1 ms or more/)
    }
  })
})

describe('a write under way', () => {
  it('is waited for by close', async () => {
    let finish = () => {}
    const store = fixture.storeWith({
      append: async (commit) => {
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        await fixture.store.append(commit)
      },
    })
    const replica = fixture.open({ store })
    const writing = replica.commit(set('a', 1))
    await fixture.clock.advance(0)
    const closing = replica.close()
    await fixture.clock.advance(1_000)
    finish()
    expect((await writing).revision).toBe(1)
    await closing
  })
})

describe('the pauses between looks at a lost store', () => {
  it('are half fixed and half random', async () => {
    const { store, state, pauses } = breakable()
    state.failure = failsWith('store_unreachable')
    let turn = 0
    // A quarter, three quarters, a quarter …
    const replica = fixture.open({ store, random: () => (turn++ % 2 === 0 ? 0.25 : 0.75) })
    await replica.start()
    await fixture.clock.advance(200_000)
    expect(pauses().slice(0, 8)).toEqual(
      [2, 4, 8, 16, 30, 30, 30, 30].map((s, n) => s * 1_000 * (n % 2 === 0 ? 0.625 : 0.875)),
    )
  })

  it('begin anew only after a minute in which all was well', async () => {
    const { store, state, pauses, reads } = breakable()
    const replica = fixture.open({ store, random: () => 1 })
    await replica.start()
    const failFor = async (ms: number) => {
      state.failure = failsWith('store_unreachable')
      await fixture.clock.advance(ms)
      state.failure = undefined
    }
    await fixture.clock.advance(500)
    // Two failures, at 1 and 3 seconds; well again from 7 on.
    await failFor(6_000)
    await fixture.clock.advance(30_000)
    reads.length = 0
    await failFor(8_500)
    expect(pauses()[0]).toBe(8_000)
    await fixture.clock.advance(100_000)
    reads.length = 0
    await failFor(3_500)
    expect(pauses()[0]).toBe(2_000)
  })

  it('are short again after a sign of life', async () => {
    const { store, state, pauses, reads } = breakable()
    let wake = () => {}
    store.watch = async (woken) => {
      wake = woken
      return () => {}
    }
    const replica = fixture.open({ store, random: () => 1 })
    await replica.start()
    await fixture.clock.advance(0)
    state.failure = failsWith('store_unreachable')
    await fixture.clock.advance(100_000)
    reads.length = 0
    wake()
    await fixture.clock.advance(2_000)
    expect(pauses()).toEqual([2_000])
  })

  it('are as long as the server asks, up to five minutes', async () => {
    const { store, state, pauses } = breakable()
    state.failure = failsWith('store_unreachable', { retryAfterMs: 31_536_000_000 })
    const replica = fixture.open({ store, random: () => 0 })
    await replica.start()
    await fixture.clock.advance(300_000)
    expect(pauses()).toEqual([300_000])
    state.failure = failsWith('store_unreachable', { retryAfterMs: 7_000 })
    await fixture.clock.advance(307_000)
    expect(pauses()).toEqual([300_000, 300_000, 7_000])
    state.failure = undefined
    await fixture.clock.advance(7_000)
    expect(replica.status).toBe('live')
  })

  it('are no longer than five minutes, and not shortened by a sign of life', async () => {
    const { store, state, pauses, reads } = breakable()
    let wake = () => {}
    store.watch = async (woken) => {
      wake = woken
      return () => {}
    }
    const replica = fixture.open({ store, random: () => 0.99 })
    await replica.start()
    await fixture.clock.advance(0)
    for (const [failure, longest] of [
      [failsWith('store_unreachable', { retryAfterMs: 31_536_000_000 }), 300_000],
      [failsWith('store_unreachable', { retryAfterMs: 10_000 }), 19_900],
      [failsWith('store_unauthorized'), 29_850],
    ] as const) {
      state.failure = failure
      await fixture.clock.advance(300_000)
      reads.length = 0
      await fixture.clock.advance(300_000)
      wake()
      await fixture.clock.advance(300_000)
      expect(new Set(pauses())).toEqual(new Set([longest]))
    }
  })

  it('are long where credentials are refused, and end when they are mended', async () => {
    const { store, state, pauses } = breakable()
    state.failure = failsWith('store_unauthorized')
    const replica = fixture.open({ store, random: () => 0 })
    const errors: string[] = []
    replica.on('error', (error) => errors.push(error.code))
    await replica.start()
    await fixture.clock.advance(30_000)
    expect(pauses()).toEqual([15_000, 15_000])
    expect(errors).toEqual(Array(3).fill('store_unauthorized'))
    state.failure = undefined
    await fixture.clock.advance(15_000)
    expect(replica.status).toBe('live')
  })
})
