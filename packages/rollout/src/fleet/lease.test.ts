import { createManualClock } from '@sluice/stores/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBoard } from './exchange.fixture.ts'
import { createLease } from './lease.ts'

let clock = createManualClock()
let board = createBoard(clock)
beforeEach(() => {
  clock = createManualClock()
  board = createBoard(clock)
})

const ttlMs = 6_000

/** A candidate that stands once a second, as a controller does. */
function join(holder: string, aheadMs = 0) {
  const { line, exchange } = board.connect()
  const own = { now: () => clock.now() + aheadMs, after: clock.after }
  const lease = createLease(exchange, 'rollout/production/checkout', { holder, ttlMs, clock: own })
  const candidate = { holder, line, lease, isOnDuty: false, isAlive: true }
  const beat = () => {
    if (!candidate.isAlive) return
    candidate.isOnDuty = lease.stand()
    clock.after(1_000, beat)
  }
  beat()
  return candidate
}

const onDuty = (...all: ReturnType<typeof join>[]) =>
  all.filter(({ isOnDuty, isAlive }) => isOnDuty && isAlive).map(({ holder }) => holder)

function crash(candidate: ReturnType<typeof join>): void {
  candidate.isAlive = false
}

describe('a lease', () => {
  it('is had by one, within a beat', async () => {
    const all = ['c', 'a', 'b'].map((holder) => join(holder))
    expect(onDuty(...all)).toEqual([])
    await clock.advance(1_000)
    expect(onDuty(...all)).toHaveLength(1)
    await clock.advance(60_000)
    expect(onDuty(...all)).toHaveLength(1)
  })

  it('stays with whoever is on duty, whatever the name and the clock of who comes later', async () => {
    const first = join('m', 3_600_000)
    await clock.advance(2_000)
    const all = [first, join('a'), join('z'), join('b', -7_200_000)]
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000)
      expect(onDuty(...all)).toEqual(['m'])
    }
  })

  it('goes to one other when its holder crashes, once its time is over', async () => {
    const all = ['a', 'b', 'c'].map((holder) => join(holder))
    await clock.advance(5_000)
    const [holder] = all.filter(({ isOnDuty }) => isOnDuty)
    crash(holder!)
    await clock.advance(2_000)
    expect(onDuty(...all)).toEqual([])
    await clock.advance(ttlMs + 1_000)
    expect(onDuty(...all)).toHaveLength(1)
    await clock.advance(30_000)
    expect(onDuty(...all)).toHaveLength(1)
  })

  it('goes over within a few beats when its holder withdraws', async () => {
    const one = join('a')
    await clock.advance(1_000)
    const other = join('b')
    await clock.advance(5_000)
    expect(onDuty(one, other)).toEqual(['a'])
    crash(one)
    await one.lease.release()
    await clock.advance(3_000)
    expect(onDuty(one, other)).toEqual(['b'])
  })

  it('stays with its new holder when the old one comes back from a long pause', async () => {
    const [one, other] = [join('a'), join('b')]
    await clock.advance(5_000)
    crash(one)
    await clock.advance(15_000)
    expect(onDuty(one, other)).toEqual(['b'])
    one.isAlive = true
    one.isOnDuty = one.lease.stand()
    expect(onDuty(one, other)).toEqual(['b'])
    await clock.advance(1_000)
    one.isOnDuty = one.lease.stand()
    expect(onDuty(one, other)).toEqual(['b'])
  })

  it('is no obstacle while the exchange is not to be had: then all act, and one again afterwards', async () => {
    const [one, other] = [join('a'), join('b')]
    await clock.advance(5_000)
    expect(onDuty(one, other)).toHaveLength(1)
    const [state, otherState] = [one.line, other.line]
    state.state = 'cut'
    otherState.state = 'hanging'
    await clock.advance(2_000)
    // Whoever had it keeps it meanwhile.
    expect(onDuty(one, other)).toHaveLength(1)
    await clock.advance(ttlMs)
    expect(onDuty(one, other)).toEqual(['a', 'b'])
    state.state = 'good'
    otherState.state = 'good'
    await clock.advance(ttlMs + 2_000)
    expect(onDuty(one, other)).toHaveLength(1)
  })

  it('is not needed by a process that begins while the exchange is not to be had', async () => {
    const one = join('a')
    one.line.state = 'hanging'
    await clock.advance(ttlMs)
    expect(onDuty(one)).toEqual([])
    await clock.advance(2_000)
    expect(onDuty(one)).toEqual(['a'])
  })

  it('is had by everyone, at once, where a server says that it has no exchange', async () => {
    const [one, other] = [join('a'), join('b')]
    await clock.advance(500)
    for (const { line } of [one, other]) line.state = 'unsupported'
    await clock.advance(5_000)
    expect(onDuty(one, other)).toEqual(['a', 'b'])
  })

  it('is passed on by a holder that yields, though it stands on', async () => {
    const [one, other] = [join('a'), join('b')]
    await clock.advance(5_000)
    const [holder] = onDuty(one, other)
    const [from, to] = holder === 'a' ? [one, other] : [other, one]
    from.lease.yield()
    await clock.advance(4_000)
    expect(onDuty(one, other)).toEqual([to.holder])
    await clock.advance(60_000)
    expect(onDuty(one, other)).toEqual([to.holder])
  })

  it('falls back to one of those who yielded where nobody else is left', async () => {
    const [one, other] = [join('a'), join('b')]
    await clock.advance(3_000)
    one.lease.yield()
    other.lease.yield()
    await clock.advance(6_000)
    expect(onDuty(one, other)).toHaveLength(1)
  })

  it('is decided anew when candidates come after a rest', async () => {
    const [one, other] = [join('a'), join('b')]
    await clock.advance(3_000)
    crash(one)
    crash(other)
    await clock.advance(3_600_000)
    expect([one.lease.stand(), other.lease.stand()]).toEqual([false, false])
    await clock.advance(1_000)
    expect([one.lease.stand(), other.lease.stand()].filter(Boolean)).toHaveLength(1)
  })

  it('is not taken by what is no candidate', async () => {
    for (const value of [
      'x',
      null,
      { since: 'now' },
      { since: 0 },
      [],
      { since: 0, isYielding: 1 },
    ]) {
      await board.exchange.publish(
        `lease/rollout/production/checkout/${typeof value}`,
        value,
        60_000,
      )
    }
    const one = join('a')
    await clock.advance(1_000)
    expect(onDuty(one)).toEqual(['a'])
  })

  it('leaves no timer, and asks no more than every third of its time', async () => {
    const one = join('a')
    await clock.advance(60_000)
    expect(one.line.calls).toBeLessThanOrEqual(2 + 2 * 31)
    crash(one)
    await clock.advance(1_000)
    await one.lease.release()
    expect(clock.pendingTimers).toBe(0)
    expect(await board.exchange.collect('')).toEqual([])
  })

  it('ends at once where the exchange does not answer', async () => {
    const one = join('a')
    await clock.advance(1_000)
    crash(one)
    one.line.state = 'hanging'
    const released = one.lease.release()
    await clock.advance(1_000)
    await released
  })
})
