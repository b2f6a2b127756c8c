import { describe, expect, it } from 'vitest'
import type { FlagLifecycle } from '../lifecycle/lifecycle.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { flagDebt } from './flag-debt.ts'
import type { Place, StaleReport } from './stale-report.ts'

const dayMs = 86_400_000
const now = 1_000 * dayMs
const at: Place = { file: 'a.ts', line: 1, column: 1 }

function life(key: string, change: Partial<FlagLifecycle> = {}): FlagLifecycle {
  return {
    ...{ key, kind: 'release', point: 'production', percent: 25 },
    ...{ isLongLived: false, environments: [], ...change },
  }
}

function staleOf(uses: Record<string, number>, unused: string[] = []): StaleReport {
  return {
    filesRead: 1,
    uses: new Map(
      Object.entries(uses).map(([key, count]) => [key, Array.from({ length: count }, () => at)]),
    ),
    mentions: new Map(),
    unused,
    isComplete: true,
    unknown: [{ key: 'x', at }],
    dynamic: [],
    unread: [],
  }
}

const base = { policy: defaultPolicy, now }

describe('flagDebt', () => {
  it('is nothing, and no number out of nothing, where no flag is due', () => {
    expect(flagDebt({ ...base, lifecycle: [life('a')] })).toEqual({
      ...{ items: [], count: 0, flags: 1, overdueDays: 0, unknownKeys: 0 },
      weightedAgeDays: undefined,
    })
  })

  it('lists what is released too long, expired and left behind, the longest first', () => {
    const { items, count, overdueDays } = flagDebt({
      ...base,
      lifecycle: [
        life('left', { point: 'archived' }),
        life('young', { point: 'expired', since: now - 2 * dayMs, owner: 'ann' }),
        life('old', { point: 'due_for_removal', since: now - 10 * dayMs }),
        life('fine', { point: 'released' }),
      ],
    })
    expect(items).toMatchObject([
      { key: 'old', reasons: ['released'], overdueDays: 10 },
      { key: 'young', reasons: ['expired'], overdueDays: 2, owner: 'ann' },
      { key: 'left', reasons: ['archived'], overdueDays: 0 },
    ])
    expect({ count, overdueDays }).toEqual({ count: 3, overdueDays: 12 })
  })

  it('weighs the age by the places in code', () => {
    const lifecycle = [
      life('woven', { point: 'due_for_removal', since: now - 10 * dayMs }),
      life('loose', { point: 'due_for_removal', since: now - 2 * dayMs }),
    ]
    const stale = staleOf({ woven: 3 })
    const debt = flagDebt({ ...base, lifecycle, stale })
    expect(debt.weightedAgeDays).toBe((3 * 10 + 1 * 2) / 4)
    expect(debt.items[0]?.places).toHaveLength(3)
    expect(debt.unknownKeys).toBe(1)
  })

  it('names flags that no code uses', () => {
    const debt = flagDebt({ ...base, lifecycle: [life('a')], stale: staleOf({}, ['a']) })
    expect(debt.items).toMatchObject([{ key: 'a', reasons: ['unused_in_code'], places: [] }])
  })
})

describe('a flag that an incomplete scan did not find', () => {
  it('is told as uncertain', () => {
    const stale = { ...staleOf({}, ['a']), isComplete: false }
    const { items } = flagDebt({ ...base, lifecycle: [life('a')], stale })
    expect(items).toMatchObject([{ key: 'a', reasons: ['perhaps_unused_in_code'] }])
  })
})

describe('a flag that nobody asks for', () => {
  const { unaskedAfterMs } = defaultPolicy.flags
  const debtOf = (since: number, lastAt?: number, lifeSince: number | undefined = 0) =>
    flagDebt({
      ...base,
      lifecycle: [life('a', { since: lifeSince })],
      asked: { since, flags: new Map(lastAt === undefined ? [] : [['a', { lastAt }]]) },
    }).items

  it('is reported when it was counted for long enough', () => {
    expect(debtOf(now - unaskedAfterMs + 1)).toEqual([])
    expect(debtOf(now - unaskedAfterMs)).toMatchObject([{ key: 'a', reasons: ['never_asked'] }])
  })

  it('is not one that was asked lately', () => {
    expect(debtOf(0, now - unaskedAfterMs + 1)).toEqual([])
    expect(debtOf(0, now - unaskedAfterMs - dayMs)).toMatchObject([{ overdueDays: 1 }])
  })

  it('is not one that has just been made', () => {
    expect(debtOf(0, undefined, now - dayMs)).toEqual([])
  })

  it('is not one whose counting had a gap since', () => {
    const lastAt = now - 2 * unaskedAfterMs
    expect(debtOf(now - dayMs, lastAt)).toEqual([])
    expect(debtOf(now - unaskedAfterMs, lastAt)).toMatchObject([{ overdueDays: 0 }])
  })

  it('is not one of which nobody knows since when it has been there', () => {
    const debtSince = (known: [string, number][]) =>
      flagDebt({
        ...base,
        lifecycle: [life('a')],
        asked: { since: 0, flags: new Map(), known: new Map(known) },
      }).items
    expect(debtSince([])).toEqual([])
    expect(debtSince([['a', now - dayMs]])).toEqual([])
    expect(debtSince([['a', now - unaskedAfterMs]])).toMatchObject([{ reasons: ['never_asked'] }])
  })
})
