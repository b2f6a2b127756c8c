import { type Checklist, type Checklists, createChecklists } from '@sluice/rollout'
import { createManualClock } from '@sluice/rollout/testing'
import { type Commit, createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import { playEveryOrder, type Turn } from './every-order.ts'
import { createRandom } from './rollout-race-world.ts'
import { storeInTurns } from './store-in-turns.ts'

/**
 * Three people at one checklist, each in a process of their own, in every order that their steps at the store can have: it
 * ends as if they had come one after another.
 */

const request = { title: 'Before 1.2.3', items: [{ name: 'runbook' }, { name: 'backup' }] }
const ann = { actor: 'ann', reason: 'so says ann' }
const bob = { actor: 'bob', reason: 'so says bob' }

const deeds = {
  'ann opens': (lists) => lists.open('d1', request, ann),
  'bob opens': (lists) => lists.open('d1', { ...request, title: 'Mine' }, bob),
  'ann ticks': (lists) => lists.tick('d1', 'runbook', ann),
  'bob ticks': (lists) => lists.tick('d1', 'runbook', { ...bob, evidence: 'https://wiki' }),
  'bob skips': (lists) => lists.skip('d1', 'runbook', bob),
  'ann unticks': (lists) => lists.untick('d1', 'runbook', ann),
  'bob ticks the other': (lists) => lists.tick('d1', 'backup', bob),
} satisfies Record<string, (lists: Checklists) => Promise<Checklist>>
type Deed = keyof typeof deeds

const beginnings: Record<string, Deed[]> = {
  'that nobody has opened': [],
  'that is open': ['ann opens'],
  'whose item is ticked': ['ann opens', 'ann ticks'],
}

const clock = createManualClock()

/** Does one deed in a process of its own; from its first decision on, its steps wait for their turn. */
async function join(store: Store, until: Turn) {
  let turn: Turn = async () => {}
  const replica = createReplica({
    store: storeInTurns(store, (step) => turn(step)),
    ...{ clock, random: createRandom(1) },
  })
  await replica.refresh()
  const lists = createChecklists({ replica, clock })
  return async (deed: Deed): Promise<string> => {
    turn = until
    return deeds[deed](lists).then(
      ({ title }) => `${deed}: ${title}`,
      (error: { code?: string }) => `${deed}: ${error.code ?? error}`,
    )
  }
}

async function openStore(base: readonly Commit[]): Promise<Store> {
  const store = createMemoryStore()
  for (const commit of base) await store.append(commit)
  return store
}

async function playInTurn(base: readonly Commit[], order: readonly Deed[]) {
  const store = await openStore(base)
  const answers: string[] = []
  for (const deed of order) answers.push(await (await join(store, async () => {}))(deed))
  return { store, answers }
}

async function playAtOnce(base: readonly Commit[], set: readonly Deed[], turns: readonly Turn[]) {
  const store = await openStore(base)
  const processes = await Promise.all(turns.map((turn) => join(store, turn)))
  const answers: string[] = []
  const work = set.map(async (deed, index) => {
    const act = processes[index] as (deed: Deed) => Promise<string>
    answers.push(await act(deed))
  })
  return { work, store, answers }
}

/** Who did what in which order, what they were told, and the list. */
async function describeEnd(play: { store: Store; answers: readonly string[] }): Promise<string> {
  const commits = await play.store.read(0)
  const story = commits.map(({ actor, action }) => `${actor} ${action}`)
  return JSON.stringify([story, play.answers.toSorted(), commits.at(-1)?.changes])
}

describe('a checklist at which several act at once', () => {
  it.each(Object.entries(beginnings))('ends as if they had taken turns: %s', async (_, before) => {
    const base = await (await playInTurn([], before)).store.read(0)
    for (const set of chooseThree(Object.keys(deeds) as Deed[])) {
      const expected = new Set<string>()
      for (const order of permute(set))
        expected.add(await describeEnd(await playInTurn(base, order)))
      const plays: Awaited<ReturnType<typeof playAtOnce>>[] = []
      await playEveryOrder(
        set.length,
        (turns) => playAtOnce(base, set, turns),
        (play) => void plays.push(play),
      )
      const ends = new Set(await Promise.all(plays.map(describeEnd)))
      expect([...expected], set.join(' | ')).toEqual(expect.arrayContaining([...ends]))
    }
  })
})

function chooseThree(from: readonly Deed[]): Deed[][] {
  return from.flatMap((one, first) =>
    from
      .slice(first + 1)
      .flatMap((other, second) =>
        from.slice(first + second + 2).map((third) => [one, other, third]),
      ),
  )
}

function permute(set: readonly Deed[]): Deed[][] {
  if (set.length === 0) return [[]]
  return set.flatMap((first, index) =>
    permute(set.toSpliced(index, 1)).map((rest) => [first, ...rest]),
  )
}
