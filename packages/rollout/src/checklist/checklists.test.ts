import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../policy/default-policy.ts'
import { createChecklists } from './create-checklists.ts'
import { deploymentChecklists } from './policy-checklists.ts'

const ann = { actor: 'ann', reason: 'release 1.2.3', ticket: 'OPS-7' }
const bob = { actor: 'bob', reason: 'done' }
const request = {
  title: 'Before 1.2.3',
  environment: 'production',
  items: [
    { name: 'runbook', title: 'Runbook updated' },
    { name: 'backup', dueAt: Date.UTC(2026, 0, 2) },
  ],
}

async function createWorld() {
  const clock = createManualClock()
  const store = createMemoryStore()
  async function join() {
    const replica = createReplica({ store, clock })
    await replica.refresh()
    return { replica, checklists: createChecklists({ replica, clock }) }
  }
  return { clock, store, join }
}

describe('a checklist (P27)', () => {
  it('says who ticked what and when, what is open, and what is overdue', async () => {
    const { clock, join } = await createWorld()
    const { checklists } = await join()
    await checklists.open('d1', request, ann)
    await clock.advance(1_000)
    await checklists.tick('d1', 'runbook', {
      ...bob,
      note: 'chapter 3',
      evidence: 'https://wiki/3',
    })
    expect(checklists.status('d1')).toMatchObject({
      checklist: {
        openedBy: 'ann',
        ticket: 'OPS-7',
        items: [
          {
            name: 'runbook',
            by: 'bob',
            at: clock.now(),
            note: 'chapter 3',
            evidence: 'https://wiki/3',
          },
          { name: 'backup', phase: 'open' },
        ],
      },
      open: [{ name: 'backup' }],
      overdue: [],
      isComplete: false,
    })
    await clock.advance(24 * 3_600_000)
    expect(checklists.status('d1').overdue).toMatchObject([{ name: 'backup' }])
    expect(checklists.list({ isOverdue: true })).toHaveLength(1)
    await checklists.skip('d1', 'backup', { ...bob, reason: 'no database' })
    expect(checklists.status('d1')).toMatchObject({ open: [], overdue: [], isComplete: true })
    expect(checklists.list({ isComplete: false })).toEqual([])
  })

  it('is opened once, and answered as it stands when it is opened again', async () => {
    const { join, store } = await createWorld()
    const [one, other] = [await join(), await join()]
    const opened = await Promise.all([
      one.checklists.openOnce('d1', request, ann),
      other.checklists.openOnce('d1', request, bob),
    ])
    expect(opened.map(({ isNew }) => isNew).sort()).toEqual([false, true])
    await one.checklists.tick('d1', 'runbook', bob)
    const again = await other.checklists.open('d1', { ...request, title: 'Another' }, ann)
    expect(again).toMatchObject({ title: 'Before 1.2.3', items: [{ phase: 'ticked' }, {}] })
    expect(await store.read(0)).toHaveLength(2)
  })

  it('keeps both ticks of two people who tick at once, and the first of two who tick the same', async () => {
    const { join } = await createWorld()
    const [one, other] = [await join(), await join()]
    await one.checklists.open('d1', request, ann)
    await Promise.all([
      one.checklists.tick('d1', 'runbook', ann),
      other.checklists.tick('d1', 'backup', bob),
    ])
    await one.replica.refresh()
    expect(one.checklists.status('d1').isComplete).toBe(true)
    await expect(other.checklists.tick('d1', 'runbook', bob)).rejects.toEqual(
      expect.objectContaining({
        code: 'already_ticked',
        message: expect.stringContaining('by ann at 2026-01-01T00:00:00.000Z; untick it first'),
      }),
    )
    await one.checklists.untick('d1', 'runbook', { ...ann, reason: 'the wrong page' })
    expect(one.checklists.status('d1').open).toEqual([
      { name: 'runbook', title: 'Runbook updated', phase: 'open' },
    ])
  })

  it.each([
    [
      'a list without items',
      (lists: Lists) => lists.open('d2', { ...request, items: [] }, ann),
      'invalid_checklist',
    ],
    [
      'a list of nothing',
      (lists: Lists) => lists.open('d2', undefined as never, ann),
      'invalid_checklist',
    ],
    [
      'an item that stands twice',
      (lists: Lists) =>
        lists.open('d2', { ...request, items: [{ name: 'a' }, { name: 'a' }] }, ann),
      'invalid_checklist',
    ],
    [
      'an item that is not in it',
      (lists: Lists) => lists.tick('d1', 'nothing', ann),
      'item_not_found',
    ],
    [
      'a list that is not there',
      (lists: Lists) => lists.tick('d3', 'runbook', ann),
      'checklist_not_found',
    ],
    ['to untick what is open', (lists: Lists) => lists.untick('d1', 'runbook', ann), 'not_ticked'],
    [
      'to skip without a reason',
      (lists: Lists) => lists.skip('d1', 'runbook', { ...ann, reason: '' }),
      'invalid_order',
    ],
    [
      'to tick for nobody',
      (lists: Lists) => lists.tick('d1', 'runbook', undefined as never),
      'invalid_order',
    ],
  ])('refuses %s, and writes nothing', async (_, act, code) => {
    const { join, store } = await createWorld()
    const { checklists } = await join()
    await checklists.open('d1', request, ann)
    await expect(act(checklists)).rejects.toEqual(expect.objectContaining({ code }))
    expect(await store.read(0)).toHaveLength(1)
  })

  it('is refused where the log holds something else', async () => {
    const { join } = await createWorld()
    const { checklists, replica } = await join()
    await replica.commit({
      ...ann,
      action: 'edit',
      changes: [{ key: 'checklist/d1', value: { schema: 2 } }],
    })
    expect(() => checklists.status('d1')).toThrow(
      expect.objectContaining({ code: 'invalid_checklist', pointer: '/schema' }),
    )
    expect(checklists.list()).toEqual([])
  })

  it('is refused where it says that it is another list, which stays as it is', async () => {
    const { join } = await createWorld()
    const { checklists, replica } = await join()
    const d1 = await checklists.open('d1', request, ann)
    const value = { ...d1, items: [{ name: 'runbook', phase: 'open' }] } as never
    await replica.commit({ ...ann, action: 'forge', changes: [{ key: 'checklist/d2', value }] })
    await expect(checklists.tick('d2', 'runbook', bob)).rejects.toEqual(
      expect.objectContaining({ code: 'invalid_checklist', pointer: '/id', found: 'd1' }),
    )
    expect(checklists.list().map(({ checklist }) => checklist)).toEqual([d1])
  })
})

describe('the checklists of a deployment (P27)', () => {
  it('are those of the policy, before, during and after', async () => {
    const { join } = await createWorld()
    const { checklists } = await join()
    const lists = deploymentChecklists({ version: 'v1.2.3', environment: 'production' })
    const { before, during, after } = defaultPolicy.deployment.checklists
    for (const [name, names] of Object.entries({ before, during, after })) {
      const list = await checklists.open(`v1.2.3-${name}`, lists[name as 'before'], ann)
      expect(list.items.map((item) => item.name)).toEqual(names)
    }
  })
})

type Lists = ReturnType<typeof createChecklists>
