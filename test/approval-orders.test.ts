import type { Approval } from '@sluice/rollout'
import type { Commit } from '@sluice/stores'
import { describe, expect, it } from 'vitest'
import {
  type Deed,
  deeds,
  exposureKey,
  type Play,
  playAtOnce,
  playInTurn,
  rolloutKey,
  type Turned,
} from './approval-orders-world.ts'
import { playEveryOrder } from './every-order.ts'

/**
 * What people and controllers do to an approval at once, each in a process of its own, in every order that their steps at
 * the store can have. Whatever the order, all of it is as if they had acted one after another.
 */

/** What was done before, and who of many are worth letting act three at a time. */
const beginnings: Record<string, { readonly before: Deed[]; readonly three: Deed[] }> = {
  'nobody has asked': { before: [], three: [] },
  'dev has asked': { before: ['dev asks'], three: [] },
  'one of two has approved': {
    before: ['dev asks', 'lea approves'],
    three: ['arno approves', 'mia rejects', 'dev withdraws', 'dev starts'],
  },
  'it is approved': { before: ['dev asks', 'lea approves', 'arno approves'], three: [] },
  'it is asked for as major, too': { before: ['dev asks', 'olga asks as major'], three: [] },
  'a rollout waits for it': { before: ['dev asks', 'lea approves', 'dev starts'], three: [] },
  'a rollout waits, and it is approved': {
    before: ['dev asks', 'lea approves', 'dev starts', 'arno approves'],
    three: ['mia rejects', 'dev withdraws', 'dev edits', 'a week passes', 'a controller looks'],
  },
}

const isLong = process.env.SLUICE_LONG !== undefined
const everyDeed = Object.keys(deeds) as Deed[]

describe('an approval that several processes act on at once', () => {
  it.each(Object.entries(beginnings))(
    'is treated as if they had taken turns: %s',
    async (_, { before, three }) => {
      const turns = before.map((deed) => ({ deed, isLate: false }))
      const base = await (await playInTurn([], turns)).log()
      const threes = isLong ? choose(everyDeed, 3, 'also twice') : choose(three, 3)
      for (const set of [...choose(everyDeed, 2, 'also twice'), ...threes]) {
        expect(await findStrangeOrder(base, set)).toBeUndefined()
      }
    },
  )
})

/** The first order that ends as no turns would, and how. */
async function findStrangeOrder(
  base: readonly Commit[],
  set: readonly Deed[],
): Promise<string | undefined> {
  const isTimely = set.includes('a week passes')
  const expected = new Set<string>()
  for (const order of takeTurns(set)) {
    expected.add(await describeEnd(await playInTurn(base, order), base, isTimely))
  }
  const plays: { readonly play: Play; readonly order: string }[] = []
  await playEveryOrder(
    set.length,
    (turns) => playAtOnce(base, set, turns),
    (play, order) => void plays.push({ play, order }),
  )
  for (const { play, order } of plays) {
    const end = await describeEnd(play, base, isTimely)
    const fault = findFault(await play.log())
    if (fault === undefined && expected.has(end)) continue
    const wanted = [...expected].join('\nor       ')
    return `${set.join(' | ')}, steps ${order}: ${fault ?? ''}\nended as ${end}\nnot as   ${wanted}`
  }
  return undefined
}

/** Everything that can be seen afterwards, but the times and ids of rollouts. */
async function describeEnd(
  { log, answers }: Play,
  base: readonly Commit[],
  isTimely: boolean,
): Promise<string> {
  const commits = await log()
  const last = new Map(
    commits.flatMap(({ changes }) => changes.map(({ key, value }) => [key, value])),
  )
  const approvals = [...last].filter(([key]) => key.startsWith('approval/')).sort()
  return JSON.stringify({
    story: tellStory(commits.slice(base.length), isTimely),
    answers: answers.filter((answer) => answer !== 'a week passes: done').sort(),
    approvals: approvals.map(([key, value]) => {
      const { phase, answers } = value as unknown as Approval
      return [key, phase, answers.map(({ by, answer }) => `${by} ${answer}`)]
    }),
    rollout: (last.get(rolloutKey) as { phase?: string } | undefined)?.phase,
    exposure: last.get(exposureKey),
  })
}

/** What no order of anything may do, whatever taking turns would do. */
function findFault(log: readonly Commit[]): string | undefined {
  const known = new Map<string, Approval>()
  for (const { action, changes } of log) {
    let isUse = false
    for (const { key, value } of changes) {
      if (!key.startsWith('approval/')) continue
      const before = known.get(key)
      const next = value as unknown as Approval
      known.set(key, next)
      const votes = next.answers.filter(({ answer }) => answer === 'approve')
      if (next.emergency === undefined && votes.some(({ by }) => by === next.askedBy))
        return `${key}: ${next.askedBy} approved what they asked for`
      const carried = before?.answers.every(({ by }, index) => next.answers[index]?.by === by)
      if (carried === false) return `${key}: ${action} lost an answer`
      if (before !== undefined && before.phase !== 'pending' && before.phase !== 'approved')
        return `${key}: ${action} came after ${before.phase}`
      if (next.phase !== 'used') continue
      isUse = true
      if (before?.phase !== 'approved') return `${key}: used while ${before?.phase}`
      if (next.usedAt >= next.expiresAt) return `${key}: used after its time`
    }
    const exposed = changes.some(({ key }) => key === exposureKey)
    if (exposed && !isUse) return `${action} exposed somebody without an approval`
  }
  return undefined
}

/**
 * What was done to requests, in the order of the log; what touches none may stand anywhere, for a rollout that waits looks
 * again. An act of the last moment may stand behind a new request that was made a moment after, for the old one had
 * expired: where the time moves, each request has a story of its own.
 */
function tellStory(commits: readonly Commit[], isTimely: boolean): string[] {
  const acts = commits.flatMap(({ action, changes }) =>
    changes.filter(({ key }) => key.startsWith('approval/')).map(({ key }) => ({ key, action })),
  )
  if (isTimely) acts.sort((one, other) => (one.key < other.key ? -1 : Number(one.key > other.key)))
  return acts.map(({ key, action }) => `${key} ${action}`)
}

/** Every choice of so many of them. */
function choose(from: readonly Deed[], count: number, repeats?: 'also twice'): Deed[][] {
  if (count === 0) return [[]]
  return from.flatMap((first, index) => {
    const others = from.slice(repeats === undefined ? index + 1 : index)
    return choose(others, count - 1, repeats).map((rest) => [first, ...rest])
  })
}

/**
 * Every order of turns. Where a week passes meanwhile, each may have looked at the clock before or after: an act goes by
 * the time of its decision, and is in the log a moment later.
 */
function takeTurns(set: readonly Deed[]): Turned[][] {
  const acts = set.filter((deed) => deed !== 'a week passes')
  const times = acts.length < set.length ? [false, true] : [false]
  return orderAll(acts, times)
}

function orderAll(acts: readonly Deed[], times: readonly boolean[]): Turned[][] {
  if (acts.length === 0) return [[]]
  return acts.flatMap((deed, index) =>
    orderAll(acts.toSpliced(index, 1), times).flatMap((rest) =>
      times.map((isLate) => [{ deed, isLate }, ...rest]),
    ),
  )
}
