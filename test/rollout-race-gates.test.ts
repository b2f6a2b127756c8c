import {
  type ApprovalDesk,
  canary,
  createRolloutController,
  isActive,
  isOpen,
  type RolloutController,
  type RolloutState,
} from '@sluice/rollout'
import { createManualClock, createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import { type Commit, createReplica, type Replica } from '@sluice/stores'
import { describe, expect, it } from 'vitest'
import { createLog, createRandom, createScheduler } from './rollout-race-world.ts'

/**
 * Two processes on one log, whose store operations a seeded scheduler orders: one promotes and the other rolls back, and
 * approvals come and go meanwhile.
 */

const seeds = process.env.SLUICE_LONG === undefined ? 150 : 2_000

const order = { actor: 'ada', reason: 'new checkout' }
const rolloutKey = 'rollout/production/checkout'
const approvalKey = 'approval/a1'
const plan = canary({
  stages: [
    { rolloutPercent: 5 },
    { rolloutPercent: 50, gate: ['smoke_tests'] },
    { rolloutPercent: 100 },
  ],
  monitorMs: 1_000,
  minHoldMs: 500,
})
const pass = [createVerdict('pass')]

function createDesk(replica: Replica): ApprovalDesk {
  return {
    check() {
      const status = replica.get(approvalKey)?.value as
        | 'approved'
        | 'withdrawn'
        | 'used'
        | undefined
      if (status === undefined) return { status: 'missing', because: 'nobody asked' }
      if (status !== 'approved') return { status, id: 'a1', because: 'so it is' }
      const changes = [{ key: approvalKey, value: 'used' }]
      return { status, id: 'a1', change: { changes, dependsOn: [approvalKey] } }
    },
  }
}

function createProcesses(seed: number) {
  const random = createRandom(seed)
  const clock = createManualClock()
  const scheduler = createScheduler(random)
  const log = createLog(clock)
  let isGateOpen = true
  const processes = ['one', 'two'].map((actor) => {
    const replica = createReplica({ store: log.connect(scheduler.turn), clock, random })
    const gate = () => ({ isOpen: isGateOpen, because: 'so it is' })
    const controller = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', plan, actor, clock },
      ...{ judge: scriptedJudge(() => pass), gates: { smoke_tests: gate } },
      approvals: createDesk(replica),
    })
    return { replica, controller }
  }) as [Process, Process]

  return {
    ...{ processes, log, clock, random, drive: scheduler.drive },
    setGate(isOpenNow: boolean) {
      isGateOpen = isOpenNow
    },
    say: (replica: Replica, status: string) =>
      replica.commit({
        ...{ actor: 'lea', action: 'answer', reason: status },
        changes: [{ key: approvalKey, value: status }],
      }),
    /** Both look, once a second. */
    async look(times: number) {
      for (let round = 0; round < times; round += 1) {
        await scheduler.drive(processes.map(({ controller }) => controller.tick()))
        await clock.advance(1_000)
      }
    },
  }
}

interface Process {
  readonly replica: Replica
  readonly controller: RolloutController
}
type World = ReturnType<typeof createProcesses>

/** Brings a rollout into a phase. */
const ways: Record<string, (world: World) => Promise<void>> = {
  async awaiting_approval({ drive, processes: [one], look }) {
    await drive([one.controller.start(order)])
    await look(1)
  },
  async 'awaiting_approval, approved'({ drive, processes: [one], say }) {
    await drive([one.controller.start(order)])
    await drive([say(one.replica, 'approved')])
  },
  async running({ drive, processes: [one], say, look }) {
    await drive([one.controller.start(order)])
    await drive([say(one.replica, 'approved')])
    await look(1)
  },
  async 'holding, gate'(world) {
    world.setGate(false)
    await ways.running?.(world)
    await world.look(5)
  },
  async paused(world) {
    await ways.running?.(world)
    await world.drive([world.processes[0].controller.pause(order)])
  },
}

describe('promote and roll back, pressed at the same moment by two people', () => {
  it.each(Object.keys(ways))(
    `end in going back, whoever is first: %s, in ${seeds} orders`,
    async (phase) => {
      for (let seed = 1; seed <= seeds; seed += 1) {
        const world = createProcesses(seed)
        await ways[phase]?.(world)
        const [one, two] = world.processes
        expect(one.controller.state?.phase).toBe(phase.split(',')[0])
        world.setGate(true)
        const promoted = one.controller.promote({ actor: 'olga', reason: 'on' }).catch(() => {})
        const back = two.controller.rollBack({ actor: 'otto', reason: 'back' })
        await world.drive([promoted, back, one.controller.tick(), two.controller.tick()])
        // It was not refused: going down never is.
        const { phase: found } = await back
        expect(['rolling_back', 'verifying', 'aborted'], `seed ${seed}`).toContain(found)
        const last = world.log.commits.flatMap(statesIn).at(-1) as RolloutState
        expect(isOpen(last), `seed ${seed}: ${last.phase}`).toBe(false)
        expect(last.phase === 'aborted' || last.exposure.rollout === 0, `seed ${seed}`).toBe(true)
      }
    },
  )
})

describe('an approval that comes, goes and is used by two processes at once', () => {
  it(`begins one rollout, by the commit that uses it, in ${seeds} orders`, async () => {
    const endings = new Set<string>()
    for (let seed = 1; seed <= seeds; seed += 1) {
      const world = createProcesses(seed)
      const [one, two] = world.processes
      await world.drive([one.controller.start(order)])
      await world.drive([world.say(one.replica, 'approved'), two.replica.refresh()])
      const deeds = [
        () => world.say(two.replica, 'withdrawn'),
        () => two.controller.promote({ actor: 'olga', reason: 'on' }),
        () => one.controller.abort({ actor: 'otto', reason: 'no' }),
        () => two.controller.tick(),
      ]
      const deed = deeds[seed % deeds.length] as () => Promise<unknown>
      const done = deed().catch(() => {})
      await world.drive([done, one.controller.tick(), two.controller.tick()])
      endings.add(checkBeginning(world.log.commits, seed))
      const state = world.log.commits.flatMap(statesIn).at(-1) as RolloutState
      expect(state.phase === 'aborted' || isActive(state)).toBe(true)
    }
    expect([...endings].sort()).toEqual(['begun', 'not begun'])
  })
})

/** Nobody is exposed but by a commit that turns a given approval into a used one. */
function checkBeginning(commits: readonly Commit[], seed: number): string {
  let approval: unknown
  let begun = 0
  for (const { action, changes } of commits) {
    const next = changes.find(({ key }) => key === approvalKey)?.value
    if (action === 'begin_rollout') {
      begun += 1
      expect(`${approval} ${next}`, `seed ${seed}`).toBe('approved used')
    } else if (changes.some(({ key }) => key.startsWith('exposure/'))) {
      throw new Error(`seed ${seed}: ${action} exposed somebody`)
    }
    approval = next ?? approval
  }
  expect(begun, `seed ${seed}`).toBeLessThanOrEqual(1)
  return begun === 1 ? 'begun' : 'not begun'
}

function statesIn({ changes }: Commit): RolloutState[] {
  return changes.flatMap(({ key, value }) => (key === rolloutKey ? [value as never] : []))
}
