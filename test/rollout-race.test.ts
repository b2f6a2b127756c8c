import { isDeepStrictEqual } from 'node:util'
import { canary, createRolloutController, type RolloutState } from '@sluice/rollout'
import { createManualClock, createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import {
  type Clock,
  type Commit,
  createReplica,
  findHashFault,
  findLinkFault,
  genesis,
} from '@sluice/stores'
import { describe, expect, it } from 'vitest'
import { createLog, createRandom, createScheduler } from './rollout-race-world.ts'

/**
 * Two controllers on one log. At every store operation a seeded scheduler decides which of the
 * waiting ones proceeds, so that they read, decide and write in every order that can happen.
 */

const interleavings = process.env.SLUICE_LONG === undefined ? 2_000 : 10_000

const rolloutKey = 'rollout/production/checkout'
const exposureKey = 'exposure/production/checkout'
const order = { actor: 'ada', reason: 'new checkout' }

const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }],
  monitorMs: 1_000,
  minHoldMs: 500,
  verifyQuietMs: 1_000,
})

const pass = [createVerdict('pass')]
const fail = [createVerdict('fail')]
const failHold = [createVerdict('fail', { consequence: 'hold' })]
const unsure = [createVerdict('inconclusive')]

/** What one process does in one round, beside its look. */
type Deed = 'nothing' | 'pause' | 'resume' | 'promote' | 'rollBack' | 'abort' | 'refresh' | 'move'

function drawDeed(random: () => number): Deed {
  const deeds: Deed[] = ['pause', 'resume', 'resume', 'promote', 'rollBack', 'abort', 'move']
  const drawn = random()
  if (drawn < 0.55) return 'nothing'
  if (drawn < 0.7) return 'refresh'
  return deeds[Math.floor(random() * deeds.length)] ?? 'nothing'
}

/** Rounds in which both look at once; the plan can end in four. */
const maxRounds = 4

/** What a race left behind. */
interface Race {
  readonly commits: readonly Commit[]
  /** The true time of each commit. */
  readonly writtenAt: readonly number[]
  readonly errors: readonly unknown[]
}

async function race(seed: number): Promise<Race> {
  const random = createRandom(seed)
  const clock = createManualClock()
  const scheduler = createScheduler(random)
  const log = createLog(clock)
  const errors: unknown[] = []
  const isCalm = random() < 0.4
  const rounds = 2 + Math.floor(random() * (maxRounds - 1))

  const processes = ['one', 'two'].map((actor) => {
    // No two machines agree on the time.
    const skewMs = random() < 0.5 ? 0 : Math.floor(random() * 10_000) - 5_000
    const ownClock: Clock = { now: () => clock.now() + skewMs, after: clock.after }
    const replica = createReplica({ store: log.connect(scheduler.turn), clock: ownClock, random })
    // Mostly of one mind, sometimes not: each process has its own evidence.
    let verdicts = pass
    const judge = scriptedJudge(() => verdicts)
    const controller = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', plan, judge, actor },
      clock: ownClock,
    })
    controller.on('error', (error) => errors.push(error))
    return {
      controller,
      replica,
      actor,
      think() {
        const drawn = random()
        verdicts =
          drawn < 0.8 || isCalm ? pass : drawn < 0.9 ? fail : drawn < 0.95 ? failHold : unsure
      },
    }
  })
  type Process = (typeof processes)[number]

  async function act({ controller, replica, actor }: Process, deed: Deed): Promise<void> {
    if (deed === 'nothing') return
    if (deed === 'refresh') return replica.refresh()
    if (deed !== 'move')
      return void (await controller[deed]({ actor: `olga at ${actor}`, reason: deed }))
    const value = { enabled: random() < 0.5, rollout: Math.floor(random() * 101) }
    const draft = { actor: 'eve', action: 'set_rollout', reason: 'by hand' }
    await replica.commit({ ...draft, changes: [{ key: exposureKey, value }] })
  }

  // Both are asked to start it: one does.
  await scheduler.drive(processes.map(({ controller }) => controller.start(order)))
  for (let round = 0; round < rounds; round += 1) {
    for (const process of processes) process.think()
    const work = processes.flatMap((process) => {
      const deed = isCalm ? 'nothing' : drawDeed(random)
      const look = process.controller.tick()
      return [look, act(process, deed)]
    })
    await scheduler.drive(work)
    await clock.advance(1_000)
  }
  return { commits: log.commits, writtenAt: log.writtenAt, errors }
}

/** Steps that a rollout takes once; a second one would be two who both acted. */
const onceOnly = new Set([
  'start_rollout',
  'advance',
  'roll_back',
  'verify_rollback',
  'end_rollback',
  'complete',
  'abort',
])

const isOver = new Set<string>(['completed', 'rolled_back', 'aborted'])
const isOpen = new Set<string>(['running', 'holding', 'paused'])

/** Cheaper than `expect`, which would take half the time of ten thousand races. */
function must(holds: boolean, claim: string): void {
  if (!holds) throw new Error(claim)
}

function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other)
}

function stageOf(state: RolloutState): number | undefined {
  return 'stage' in state ? state.stage : undefined
}

/** Whether a commit is the right next step after the state and exposure that stand before it. */
function checkStep(
  { action, changes }: Commit,
  before: RolloutState | undefined,
  exposure: unknown,
): RolloutState {
  const valueUnder = (key: string) => changes.find((change) => change.key === key)?.value
  const state = valueUnder(rolloutKey) as unknown as RolloutState
  const set = valueUnder(exposureKey)
  if (action === 'start_rollout') {
    must(before === undefined || isOver.has(before.phase), 'started over an active rollout')
    return state
  }
  if (before === undefined) throw new Error(`${action} before any start`)

  // Whoever acts has seen the state before: what a step does not change, it carries on.
  must(state.id === before.id, 'acted on another rollout')
  const runs = before.guardRuns + (action === 'watch' ? 1 : 0)
  must(state.guardRuns === runs, 'acted on a stale count of guard processes')
  must(isSame(state.exposure, set ?? before.exposure), 'state and exposure differ')
  // Nobody overwrites a hand on the exposure that they have not seen.
  const known = before.phase === 'paused' ? (before.found ?? before.exposure) : before.exposure
  must(set === undefined || isSame(known, exposure), 'overwrote an exposure it had not seen')

  const step = `${before.phase} ${action} ${state.phase}`
  if (action === 'verify_rollback') must(step === 'rolling_back verify_rollback verifying', step)
  else if (action === 'end_rollback') must(step === 'verifying end_rollback rolled_back', step)
  else must(isOpen.has(before.phase), step)
  const isRise = action === 'advance' || action === 'promote'
  if (isOpen.has(state.phase)) {
    must(stageOf(state) === (stageOf(before) ?? 0) + (isRise ? 1 : 0), `${step}: wrong stage`)
  }
  return state
}

function checkLog({ commits, writtenAt }: Race, seen: Set<string>): void {
  const done = new Set<string>()
  let state: RolloutState | undefined
  let exposure: unknown
  let head = genesis
  let enteredAt = 0
  for (const [index, commit] of commits.entries()) {
    const { action, actor, changes } = commit
    const at = writtenAt[index] ?? 0
    // Each process verifies the hashes of what the other wrote; a third look is for the links.
    const fault = findLinkFault(commit, head)
    must(fault === undefined, fault ?? '')
    head = commit
    if (changes.some(({ key }) => key === rolloutKey)) {
      state = checkStep(commit, state, exposure)
      const isAutomatic = actor === 'one' || actor === 'two'
      if (isAutomatic && (action === 'advance' || action === 'complete')) {
        must(at - enteredAt >= 1_000, `${action} of a stage that nobody watched for its time`)
      }
      if (['start_rollout', 'advance', 'promote'].includes(action)) enteredAt = at
      const step = `${state.id} ${action} ${stageOf(state)}`
      must(!(onceOnly.has(action) && done.has(step)), `twice: ${step}`)
      done.add(step)
      seen.add(action)
    }
    exposure = changes.find(({ key }) => key === exposureKey)?.value ?? exposure
  }
  const last = commits.at(-1)
  must(last === undefined || findHashFault(last) === undefined, 'the last hash does not verify')
}

describe('two controllers on one log', () => {
  it(`never both act, in ${interleavings} interleavings`, { timeout: 600_000 }, async () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= interleavings; seed += 1) {
      const left = await race(seed)
      const { commits, errors } = left
      try {
        must(errors.length === 0, `a tick failed: ${errors[0]}`)
        checkLog(left, seen)
      } catch (cause) {
        const story = commits.map(({ actor, action }) => `${actor} ${action}`).join(', ')
        throw new Error(`seed ${seed}: ${story}`, { cause })
      }
    }
    // The interleavings are worth something only if they reach everything.
    expect([...seen].sort()).toEqual([
      'abort',
      'advance',
      'complete',
      'end_rollback',
      'go_on',
      'hold',
      'pause',
      'promote',
      'resume',
      'roll_back',
      'start_rollout',
      'verify_rollback',
      'watch',
    ])
  })
})
