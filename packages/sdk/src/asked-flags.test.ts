import { readAsked } from '@sluice/rollout/stale'
import type { Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { openFlags } from './open-flags.ts'

const startAt = Date.UTC(2026, 0, 1)
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const definitions = {
  checkout: { enabled: true, rollout: 100, environments: ['production'] },
  colour: {
    enabled: true,
    rollout: 100,
    environments: ['production'],
    variants: { red: 'r', blue: 'b' },
    serve: 'red',
  },
  silent: { environments: ['production'] },
} as const

function open(store: Store, clock = createManualClock(startAt), countAsked = true) {
  const environment = 'production'
  const flags = openFlags({
    store,
    clock,
    environment,
    definitions,
    countAsked,
    pollMs: 1_000 * dayMs,
  })
  const errors: unknown[] = []
  flags.on('error', (error) => errors.push(error))
  return { flags, clock, errors, asked: () => readAsked(flags.replica, environment, clock.now()) }
}

describe('a client that counts what it is asked', () => {
  it('answers as one that does not', async () => {
    const [counting, plain] = [
      open(createMemoryStore()),
      open(createMemoryStore(), undefined, false),
    ]
    const answersOf = ({ flags }: typeof plain) => [
      ...[flags.isEnabled('checkout', 'ada'), flags.isEnabled('silent', 'ada')],
      ...[flags.isEnabled('nothing' as never), flags.isEnabled('colour', 'ada')],
      ...[flags.boolean('checkout', 'ada', false), flags.string('colour', 'ada', 'x')],
      ...[flags.string('checkout', 'ada', 'x'), flags.number('colour', 'ada', 7)],
      ...[flags.object('colour', 'ada', { a: 1 }), flags.string('nothing' as never, 'ada', 'y')],
      ...[flags.evaluate('colour', 'ada'), flags.explain('colour', 'ada').answer],
      flags.guarded('checkout', 'ada', { on: () => 'new', off: () => 'old' }),
    ]
    expect(answersOf(counting)).toEqual(answersOf(plain))
    await counting.flags.close()
    await plain.flags.close()
  })

  it('tells the log once an hour, flag by flag, with the variants', async () => {
    const { flags, clock, asked } = open(createMemoryStore())
    await flags.ready()
    for (let index = 0; index < 3; index++) flags.isEnabled('checkout', `user ${index}`)
    flags.guarded('checkout', 'ada', { on: () => 1, off: () => 2 })
    flags.string('colour', 'ada', 'x')
    flags.isEnabled('misspelt' as never)
    flags.evaluateAll('ada')
    expect(asked()).toBeUndefined()
    await clock.advance(hourMs)
    expect(asked()).toEqual({
      since: startAt,
      flags: new Map([
        ['checkout', { lastAt: startAt + hourMs, variants: { on: 4 } }],
        ['colour', { lastAt: startAt + hourMs, variants: { red: 1 } }],
      ]),
      known: new Map([['silent', startAt + hourMs]]),
    })
    flags.isEnabled('checkout', 'ada')
    await clock.advance(hourMs)
    expect(asked()?.flags.get('checkout')).toEqual({
      lastAt: startAt + 2 * hourMs,
      variants: { on: 5 },
    })
    expect(asked()?.flags.get('colour')).toMatchObject({ lastAt: startAt + hourMs })
    await flags.close()
  })

  it('adds up what several processes count', async () => {
    const store = createMemoryStore()
    const clock = createManualClock(startAt)
    const [one, other] = [open(store, clock), open(store, clock)]
    await one.flags.ready()
    one.flags.isEnabled('checkout', 'ada')
    other.flags.isEnabled('checkout', 'ben')
    other.flags.isEnabled('silent', 'ben')
    await clock.advance(2 * hourMs)
    await one.flags.replica.refresh()
    expect(one.asked()?.flags.get('checkout')?.variants).toEqual({ on: 2 })
    expect(one.asked()?.flags.get('silent')?.variants).toEqual({ off: 1 })
    await one.flags.close()
    await other.flags.close()
  })

  it('reports when it is closed', async () => {
    const store = createMemoryStore()
    const { flags } = open(store)
    await flags.ready()
    flags.isEnabled('checkout', 'ada')
    await flags.close()
    const commits = await store.read(0)
    expect(commits.at(-1)).toMatchObject({ actor: 'sluice', action: 'count_asked' })
  })

  it.each(['read', 'append'])('loses nothing while the store cannot %s', async (lost) => {
    const store = createMemoryStore()
    let isAway = false
    const { read, append } = store
    const fail = () => Promise.reject(new Error('away'))
    const broken = Object.assign(store, {
      read: (...args: Parameters<typeof read>) =>
        isAway && lost === 'read' ? fail() : read.apply(store, args),
      append: (...args: Parameters<typeof append>) => (isAway ? fail() : append.apply(store, args)),
    })
    const { flags, clock, asked, errors } = open(broken)
    await flags.ready()
    flags.isEnabled('checkout', 'ada')
    isAway = true
    await clock.advance(3 * hourMs)
    expect(errors).not.toEqual([])
    isAway = false
    flags.isEnabled('checkout', 'ada')
    await clock.advance(hourMs)
    expect(asked()?.flags.get('checkout')?.variants).toEqual({ on: 2 })
    await flags.close()
  })

  it('begins anew after a day in which nobody counted', async () => {
    const store = createMemoryStore()
    const clock = createManualClock(startAt)
    const first = open(store, clock)
    await first.flags.ready()
    await clock.advance(hourMs)
    await first.flags.close()
    await clock.advance(dayMs + hourMs)
    const second = open(store, clock)
    await second.flags.ready()
    const since = clock.now()
    // What stands in the log says nothing of now.
    expect(second.asked()).toBeUndefined()
    await clock.advance(hourMs)
    expect(second.asked()?.since).toBe(since)
    await second.flags.close()
  })

  it('takes a jump of the clock for time in which nobody counted', async () => {
    let jumpMs = 0
    const clock = createManualClock(startAt)
    const jumping = { ...clock, now: () => clock.now() + jumpMs }
    const { flags, asked } = open(createMemoryStore(), jumping)
    await flags.ready()
    await clock.advance(hourMs)
    jumpMs = 3_650 * dayMs
    await clock.advance(hourMs)
    expect(asked()?.since).toBe(startAt + jumpMs + 2 * hourMs)
    await flags.close()
  })

  it('keeps what it knows of a flag that nobody asks for through restarts and later questions', async () => {
    const store = createMemoryStore()
    const clock = createManualClock(startAt)
    const first = open(store, clock)
    await first.flags.ready()
    await clock.advance(hourMs)
    await first.flags.close()
    const second = open(store, clock)
    await second.flags.ready()
    await clock.advance(5 * hourMs)
    expect(second.asked()?.known).toEqual(
      new Map(Object.keys(definitions).map((key) => [key, startAt + hourMs])),
    )
    second.flags.isEnabled('silent', 'ada')
    await clock.advance(hourMs)
    expect(second.asked()?.known?.get('silent')).toBe(startAt + hourMs)
    expect(second.asked()?.flags.get('silent')).toMatchObject({ variants: { off: 1 } })
    // Once each, and not again with every report.
    const commits = await store.read(0)
    const ofSilent = commits.filter(({ changes }) =>
      changes.some(({ key }) => key === 'asked/production/silent'),
    )
    expect(ofSilent).toHaveLength(2)
    await second.flags.close()
  })
})
