import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { createMemoryStore } from './memory.ts'
import { openFlags } from './open-flags.ts'
import { applyRetention } from './retention.ts'

const note = { actor: 'ann', reason: 'a test' }
let clock: ManualClock
let store: ReturnType<typeof createMemoryStore>
let close: () => Promise<void>

beforeEach(() => {
  clock = createManualClock()
  store = createMemoryStore()
})
afterEach(() => close())

function open() {
  const flags = openFlags({
    store,
    clock,
    pollMs: 86_400_000,
    environment: 'production',
    definitions: { page: { environments: ['production'], schedule: { until: '2026-03-01' } } },
  })
  close = () => flags.close()
  return flags
}

/** On for all, 25 % a day later, off another day later: revisions 2, 3 and 4. */
async function playThreeDays() {
  const flags = open()
  await flags.enable('page', note)
  await clock.advance(1)
  const days: number[] = []
  for (const change of [
    () => flags.setRollout('page', 100, note),
    () => flags.setRollout('page', 25, note),
    () => flags.disable('page', note),
  ]) {
    days.push((await change()).at)
    await clock.advance(86_400_000)
  }
  return { flags, days: days as [number, number, number] }
}

describe('flags at an instant', () => {
  it('answer as they did then, and before the first change as they are defined', async () => {
    const { flags, days } = await playThreeDays()
    const rolloutAt = async (time: number | Date) => {
      const past = await flags.at(time)
      return [past.revision, past.inspect('page')?.exposure?.rollout, past.isEnabled('page', 'ada')]
    }
    await flags.enable('page', note)
    expect(await rolloutAt(days[0] - 2)).toEqual([0, undefined, false])
    expect(await rolloutAt(days[0])).toEqual([2, 100, true])
    expect(await rolloutAt(new Date(days[1] - 1))).toEqual([2, 100, true])
    expect((await rolloutAt(days[1])).slice(0, 2)).toEqual([3, 25])
    expect((await flags.at(days[2])).evaluate('page', 'ada')).toMatchObject({
      value: false,
      reason: 'DISABLED',
      flagRevision: 4,
    })
    expect((await flags.at(clock.now())).revision).toBe(5)
    expect(flags.snapshot().revision).toBe(5)
  })

  it('take that instant for now', async () => {
    const { flags, days } = await playThreeDays()
    await clock.set(Date.UTC(2026, 5, 1))
    await flags.enable('page', note)
    await flags.setRollout('page', 100, note)
    expect(flags.isEnabled('page', 'ada')).toBe(false)
    expect((await flags.at(days[0])).isEnabled('page', 'ada')).toBe(true)
  })

  it('follow the order of the log where the clocks of its writers differ', async () => {
    const { flags, days } = await playThreeDays()
    const slow = openFlags({
      store,
      clock: createManualClock(days[0]),
      environment: 'production',
      definitions: { page: {} },
    })
    await slow.setRollout('page', 50, note)
    await slow.close()
    // Revision 5 says that it is as old as revision 2: everything before it was there already.
    expect((await flags.at(days[0])).revision).toBe(5)
  })

  it('are read from the snapshot or the archive where the log was compacted', async () => {
    const archive = await mkdtemp(join(tmpdir(), 'sluice-at-'))
    try {
      const { flags, days } = await playThreeDays()
      await flags.replica.snapshot()
      await flags.enable('page', note)
      const before = await Promise.all(
        days.map(async (day) => (await flags.at(day)).inspect('page')),
      )
      await store.compact({ keepAfter: 3, archive })
      expect((await flags.at(days[2])).inspect('page')).toEqual(before[2])
      await expect(flags.at(days[1])).rejects.toMatchObject({ code: 'compacted' })
      const again = await Promise.all(
        days.map(async (day) => (await flags.at(day, { archive })).inspect('page')),
      )
      expect(again).toEqual(before)
    } finally {
      await rm(archive, { recursive: true })
    }
  })

  it('are refused, not guessed, where part of the archive is missing', async () => {
    const archive = await mkdtemp(join(tmpdir(), 'sluice-at-'))
    try {
      const { flags, days } = await playThreeDays()
      await flags.replica.snapshot()
      await flags.enable('page', note)
      for (const keepAfter of [1, 2, 3]) await store.compact({ keepAfter, archive })
      expect((await flags.at(days[1], { archive })).revision).toBe(3)
      await rm(join(archive, 'commits-2-2.jsonl'))
      await expect(flags.at(days[1], { archive })).rejects.toMatchObject({ code: 'compacted' })
    } finally {
      await rm(archive, { recursive: true })
    }
  })

  it('go on from the snapshot where part of the archive has expired', async () => {
    const archive = await mkdtemp(join(tmpdir(), 'sluice-at-'))
    try {
      const { flags, days } = await playThreeDays()
      await flags.replica.snapshot()
      await applyRetention({ store, archive, now: days[2], days: { standard: 0, production: 0 } })
      expect((await flags.at(days[2], { archive })).revision).toBe(4)
      await expect(flags.at(days[0], { archive })).rejects.toMatchObject({ code: 'compacted' })
    } finally {
      await rm(archive, { recursive: true })
    }
  })

  it('need a time', async () => {
    const flags = open()
    const odd = [undefined, null, '', 10n, Symbol('now'), Object.create(null)] as never[]
    for (const time of [Number.NaN, new Date('yesterday'), ...odd]) {
      await expect(flags.at(time)).rejects.toMatchObject({ code: 'invalid_time' })
    }
  })
})
