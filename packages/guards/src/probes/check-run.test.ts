import { describe, expect, it } from 'vitest'
import { check } from './index.ts'
import { bench, closeAfterEach } from './probes.fixture.ts'

const { open, tick } = bench
closeAfterEach()

describe('a check of a function', () => {
  it('runs in the background, and its answer is there at the next tick', async () => {
    open([check({ name: 'db', run: () => true })])
    expect(bench.read()).toEqual({})
    await bench.clock.advance(0)
    expect(bench.read()).toEqual({
      db: { at: 1_000_000, ok: true, because: 'the check is ok' },
    })
  })

  it('runs every ten seconds, whatever the tick', async () => {
    let runs = 0
    open([check({ name: 'db', run: () => ++runs > 0 })])
    await tick(10)
    expect(runs).toBe(2)
    await tick(9)
    expect(runs).toBe(2)
    await tick(1)
    expect(runs).toBe(3)
  })

  it('runs on when the clock stepped back an hour', async () => {
    let runs = 0
    open([check({ name: 'db', run: () => ++runs > 0 })])
    await tick(1)
    bench.clock.stepBack(3_600_000)
    await tick(1)
    expect(runs).toBe(2)
  })

  it.each<[string, unknown, object]>([
    ['true', true, { ok: true, because: 'the check is ok' }],
    ['false', false, { ok: false, because: 'the check is not ok' }],
    ['a reason', { ok: false, because: 'pool\nempty' }, { ok: false, because: 'pool empty' }],
    ['ok alone', { ok: true }, { ok: true, because: 'the check is ok' }],
    ['nothing', undefined, { unknown: 'it answered nothing' }],
    ['null', null, { unknown: 'it answered neither yes nor no but object' }],
    ['a word', 'yes', { unknown: 'it answered neither yes nor no but string' }],
    ['a number', 1, { unknown: 'it answered neither yes nor no but number' }],
    ['an ok that is none', { ok: 1 }, { unknown: 'it answered neither yes nor no but object' }],
  ])('that answers %s', async (_, answer, found) => {
    open([check({ name: 'db', run: async () => answer, retries: 0 })])
    await tick()
    expect(bench.read().db).toEqual({ at: 1_000_000, ...found })
  })

  it.each<[string, () => unknown, string]>([
    [
      'an error',
      () => {
        throw new Error('no route\n to host')
      },
      'it threw: no route to host',
    ],
    ['later', () => Promise.reject(new TypeError('')), 'it threw: TypeError'],
    [
      'a word',
      () => {
        throw 'oh'
      },
      'it threw: oh',
    ],
    [
      'what cannot be shown',
      () => {
        throw Object.create(null)
      },
      'it threw: something that cannot be shown',
    ],
    [
      'an answer with a trap',
      () => ({
        get ok() {
          throw new Error('trap')
        },
      }),
      'it threw: trap',
    ],
  ])('that throws %s could not tell', async (_, run, unknown) => {
    open([check({ name: 'db', run, retries: 0 })])
    await tick()
    expect(bench.read().db).toMatchObject({ unknown })
  })

  it('is tried again before it says no, or that it cannot tell', async () => {
    const answers: (() => unknown)[] = [
      () => false,
      () => {
        throw new Error('x')
      },
      () => true,
    ]
    let runs = 0
    open([check({ name: 'db', run: () => answers[runs++]!() })])
    bench.read()
    await bench.clock.advance(999)
    expect(bench.read()).toEqual({})
    await bench.clock.advance(1)
    expect(bench.read()).toMatchObject({ db: { ok: true } })
    expect(runs).toBe(3)
  })

  it('says no when no try is left, and is not tried again when it says yes', async () => {
    let runs = 0
    open([check({ name: 'no', run: () => ++runs < 0 }), check({ name: 'yes', run: () => true })])
    expect(await tick(3)).toMatchObject({ no: { ok: false }, yes: { ok: true } })
    expect(runs).toBe(3)
  })

  it('could not tell when it takes too long, and is told to stop', async () => {
    let signal!: AbortSignal
    open([
      check({
        name: 'db',
        run: (given) => {
          signal = given
          return new Promise(() => {})
        },
      }),
    ])
    expect(await tick(5)).toEqual({})
    expect(signal.aborted).toBe(true)
    // It may yet heed its signal, and then be tried again.
    expect(await tick(1)).toMatchObject({ db: { unknown: 'no answer within 5 s' } })
  })

  it('is tried again after it heeded its signal', async () => {
    let runs = 0
    const run = (signal: AbortSignal) =>
      ++runs < 3
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        : true
    open([check({ name: 'db', run, everyMs: 60_000 })])
    expect(await tick(12)).toMatchObject({ db: { ok: true } })
    expect(runs).toBe(3)
  })

  it('never runs twice at a time, however long it takes, and a late answer is thrown away', async () => {
    const open_: ((answer: boolean) => void)[] = []
    let most = 0
    let current = 0
    const run = async () => {
      most = Math.max(most, ++current)
      const answer = await new Promise<boolean>((resolve) => void open_.push(resolve))
      current--
      return answer
    }
    open([check({ name: 'db', run })])
    await tick(60)
    expect(open_).toHaveLength(1)
    open_[0]!(true)
    await bench.clock.advance(0)
    expect(bench.read()).toMatchObject({ db: { unknown: 'no answer within 5 s' } })
    await tick(1)
    expect(open_).toHaveLength(2)
    expect(most).toBe(1)
  })

  it('has its signal fired at the close, and nothing comes after', async () => {
    let signal!: AbortSignal
    let answer!: (value: boolean) => void
    open([
      check({
        name: 'db',
        run: (given) => {
          signal = given
          return new Promise<boolean>((resolve) => {
            answer = resolve
          })
        },
      }),
    ])
    await tick(1)
    bench.probes.close()
    expect(signal.aborted).toBe(true)
    answer(true)
    expect(await tick(20)).toEqual({})
  })

  it('warns nobody, however many there are and however often they fail', async () => {
    const warnings: unknown[] = []
    const note = (warning: unknown) => void warnings.push(warning)
    process.on('warning', note)
    open(
      Array.from({ length: 30 }, (_, k) => check({ name: `c${k}`, run: () => false, retries: 10 })),
    )
    await tick(60)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })
})
