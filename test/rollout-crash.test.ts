import { createGuardSet, errorRate } from '@sluice/guards'
import {
  type CreateJudge,
  canary,
  createRolloutController,
  type RolloutController,
  shareOfAlpha,
} from '@sluice/rollout'
import {
  createManualClock,
  createVerdict,
  type ManualClock,
  scriptedJudge,
} from '@sluice/rollout/testing'
import { createReplica, findHashFault, findLinkFault, genesis, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'

/**
 * A process that dies at any one of its store operations, before or after it took effect, leaves a
 * log from which the next process reaches the same end, with no step done twice.
 */

type Moment = 'before' | 'after'

/** A store that dies at one operation, and is dead from then on. */
function createMortalStore(store: Store, diesAt: number, moment: Moment) {
  let operations = 0
  let isDead = false
  async function live<T>(act: () => Promise<T>): Promise<T> {
    if (isDead) throw new Error('the process is dead')
    operations += 1
    if (operations < diesAt) return act()
    isDead = true
    if (moment === 'after') await act()
    throw new Error('the process is dead')
  }
  const mortal: Store = {
    read: (after, limit) => live(() => store.read(after, limit)),
    append: (commit) => live(() => store.append(commit)),
    readSnapshot: () => live(() => store.readSnapshot()),
    writeSnapshot: (snapshot) => live(() => store.writeSnapshot(snapshot)),
    close: async () => {},
  }
  return {
    store: mortal,
    get isDead() {
      return isDead
    },
    get operations() {
      return operations
    },
  }
}

const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }],
  monitorMs: 2_000,
  verifyQuietMs: 1_000,
})
const order = { actor: 'ada', reason: 'new checkout' }

interface Script {
  readonly name: string
  /** What the guards say while the canary has this share. */
  readonly outcomeAt: (percent: number) => 'pass' | 'fail'
  readonly end: string
  readonly story: readonly string[]
}

const scripts: readonly Script[] = [
  {
    name: 'a healthy canary',
    outcomeAt: () => 'pass',
    end: 'completed at 100',
    story: ['start_rollout 5', 'advance 100', 'complete'],
  },
  {
    name: 'a canary that is bad at full share',
    outcomeAt: (percent) => (percent === 100 ? 'fail' : 'pass'),
    end: 'rolled_back at 0',
    story: ['start_rollout 5', 'advance 100', 'roll_back 0', 'verify_rollback', 'end_rollback'],
  },
]

const key = 'exposure/production/checkout'

/** One process: its own replica over its own connection. */
async function open(
  store: Store,
  clock: ManualClock,
  script: Script,
): Promise<{ controller: RolloutController; close(): void }> {
  const replica = createReplica({ store, clock, random: () => 0.5 })
  await replica.start()
  const percent = () => (replica.get(key)?.value as { rollout?: number } | undefined)?.rollout ?? 0
  const judge = scriptedJudge(() => [createVerdict(script.outcomeAt(percent()))])
  const controller = createRolloutController({
    ...{ replica, environment: 'production', flag: 'checkout', plan, clock, judge },
  })
  return {
    controller,
    close() {
      controller.stop().catch(() => {})
      replica.close().catch(() => {})
    },
  }
}

/** A process lives until it dies, or until the script is over; then another takes its place. */
async function play(script: Script, diesAt: number, moment: Moment) {
  const clock = createManualClock()
  const log = createMemoryStore()
  const mortal = createMortalStore(log, diesAt, moment)

  const first = await open(mortal.store, clock, script)
  // Nobody waits for the answer of a process that may be dead.
  first.controller.start(order).catch(() => {})
  first.controller.run()
  for (let second = 0; second < 12 && !mortal.isDead; second += 1) await clock.advance(1_000)
  first.close()

  if (mortal.isDead) {
    const second = await open(log, clock, script)
    // Whoever started it has no answer: they look at the log, and start it if it is not there.
    if ((await log.read(0)).length === 0) second.controller.start(order).catch(() => {})
    second.controller.run()
    await clock.advance(20_000)
    second.close()
  }
  await clock.advance(0)
  return { commits: await log.read(0), wasDead: mortal.isDead, operations: mortal.operations }
}

describe.each(scripts)('$name, whose process dies', (script) => {
  it.each(['before', 'after'] as const)('%s any of its store operations', async (moment) => {
    const whole = await play(script, Number.POSITIVE_INFINITY, moment)
    expect(whole.wasDead).toBe(false)
    for (let diesAt = 1; diesAt <= whole.operations; diesAt += 1) {
      const { commits, wasDead } = await play(script, diesAt, moment)
      const where = `dead ${moment} operation ${diesAt}`
      expect(wasDead, where).toBe(true)

      const story = commits.map(({ action, changes }) => {
        const moved = changes.find((change) => change.key === key)?.value
        return moved === undefined ? action : `${action} ${(moved as { rollout: number }).rollout}`
      })
      expect(
        story.filter((line) => line !== 'watch'),
        where,
      ).toEqual(script.story)
      const last = commits.at(-1)?.changes[0]?.value as {
        phase: string
        exposure: { rollout: number }
      }
      expect(`${last.phase} at ${last.exposure.rollout}`, where).toBe(script.end)

      commits.reduce((head, commit) => {
        expect(findLinkFault(commit, head) ?? findHashFault(commit), where).toBeUndefined()
        return commit
      }, genesis)
    }
  })
})

/** What a judge was given, and how often it looked. */
interface Life {
  readonly share: number
  readonly from: number
  looks: number
}

/** A process that judges for six seconds and then stops in order, unless it dies before; then another judges. */
async function relay(diesAt: number, moment: Moment) {
  const clock = createManualClock()
  const log = createMemoryStore()
  const mortal = createMortalStore(log, diesAt, moment)
  const guards = [errorRate()]
  const blank = createGuardSet(guards).checkpoint()
  const lives: Life[] = []

  const judge: CreateJudge = ({ alpha, from }) => {
    const life: Life = { share: alpha, from: from === undefined ? 0 : Number(from.at), looks: 0 }
    lives.push(life)
    return {
      look() {
        life.looks += 1
        return { verdicts: [createVerdict('inconclusive')] }
      },
      checkpoint: () => ({ ...blank, at: life.from + life.looks }),
    }
  }

  async function join(store: Store) {
    const replica = createReplica({ store, clock })
    await replica.start()
    const controller = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', guards, clock, judge },
      checkpointMs: 2_000,
    })
    return { replica, controller }
  }

  const first = await join(mortal.store)
  first.controller.start(order).catch(() => {})
  first.controller.run()
  for (let second = 0; second < 6 && !mortal.isDead; second += 1) await clock.advance(1_000)
  first.controller.stop().catch(() => {})
  await clock.advance(3_000)
  first.replica.close().catch(() => {})

  const kept = (await log.read(0)).flatMap(({ changes }) =>
    changes.flatMap(({ key, value }) =>
      key.startsWith('evidence/') ? [value as unknown as Kept] : [],
    ),
  )
  const next = await join(log)
  if ((await log.read(0)).length === 0) await next.controller.start(order)
  next.controller.run()
  await clock.advance(3_000)
  next.controller.stop().catch(() => {})
  next.replica.close().catch(() => {})
  await clock.advance(0)
  const operations = mortal.operations
  return { lives, kept: kept.at(-1), wasDead: mortal.isDead, operations }
}

interface Kept {
  readonly run: number
  readonly isReleased?: true
  readonly checkpoint?: { readonly at: number }
}

describe('the evidence of a process that dies', () => {
  it.each(['before', 'after'] as const)('%s any of its store operations', async (moment) => {
    const whole = await relay(Number.POSITIVE_INFINITY, moment)
    expect(whole.lives.map(({ share }) => share)).toEqual([0.0075, 0.0075])
    for (let diesAt = 1; diesAt <= whole.operations; diesAt += 1) {
      const { lives, kept, wasDead } = await relay(diesAt, moment)
      const where = `dead ${moment} operation ${diesAt}`
      expect(wasDead, where).toBe(true)
      const next = lives.at(-1) as Life
      const [first] = lives.length > 1 ? lives : []
      // Nothing that was kept is lost, and nothing is made up.
      expect(next.from, where).toBe(kept?.checkpoint?.at ?? 0)
      expect(next.from, where).toBeLessThanOrEqual(first?.looks ?? 0)
      const run = kept === undefined ? 1 : kept.isReleased ? kept.run : kept.run + 1
      expect(next.share, where).toBe(shareOfAlpha(0.01, run))
      // At the same share only where nothing was seen that is not handed over.
      if (next.share === first?.share) expect(next.from, where).toBe(first.looks)
    }
  })
})
