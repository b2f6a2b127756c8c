import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ApprovalDesk } from '../approvals/subject.ts'
import { type CreateJudge, canary } from '../index.ts'
import { scriptedJudge } from '../testing.ts'
import { createWorld, fail, ops, order, pass } from './controller-world.ts'
import type { GateAnswer, RunGate } from './gates.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

const healthy = scriptedJudge(() => [pass])
const plan = canary({
  stages: [
    { rolloutPercent: 5 },
    { rolloutPercent: 50, gate: ['smoke_tests'] },
    { rolloutPercent: 100 },
  ],
  monitorMs: 3_000,
  minHoldMs: 1_000,
})

async function join(smoke_tests: RunGate, judge: CreateJudge = healthy, over: object = {}) {
  const joined = await world.join(judge, { plan, gates: { smoke_tests }, ...over })
  joined.controller.on('error', () => {})
  await joined.controller.start(order)
  joined.controller.run()
  return joined
}

const isOpen = (): GateAnswer => ({ isOpen: true, because: '12 of 12 passed' })
const isClosed = (): GateAnswer => ({ isOpen: false, because: '3 of 12 failed' })

describe('a gate before a stage', () => {
  it('that is open lets the rollout go on', async () => {
    const asked: number[] = []
    const { controller } = await join(({ stage, name, state }) => {
      asked.push(stage)
      expect([name, state.flag]).toEqual(['smoke_tests', 'checkout'])
      return isOpen()
    })
    await world.clock.advance(15_000)
    expect(controller.state?.phase).toBe('completed')
    // Only where the rollout would otherwise have gone up.
    expect(asked).toEqual([1])
  })

  it('that is closed holds it, is told once with what is wanted, and opens later', async () => {
    let answer = isClosed
    const { controller, notices } = await join(() => answer())
    await world.clock.advance(20_000)
    expect(controller.state).toMatchObject({
      ...{ phase: 'holding', cause: 'gate', stage: 0, wants: ['smoke_tests'] },
      because: 'gate smoke_tests is closed: 3 of 12 failed',
    })
    expect(notices.filter((line) => line.startsWith('held'))).toHaveLength(1)
    answer = isOpen
    await world.clock.advance(3_000)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 1 })
  })

  it.each<[string, RunGate]>([
    ['throws', () => Promise.reject(new Error('no route to ci'))],
    ['throws what has no text', () => Promise.reject(Object.create(null))],
    [
      'is closed for a reason that no log holds',
      () => ({ ...isClosed(), because: '\ud800'.repeat(1e6) }),
    ],
    ['hangs', () => new Promise(() => {})],
    ['answers nonsense', () => 'yes' as never],
    ['answers nothing', () => undefined as never],
    ['says a truthy thing', () => ({ isOpen: 1, because: 'x' }) as never],
  ])('that %s is closed', async (_name, gate) => {
    const { controller } = await join(gate)
    await world.clock.advance(40_000)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'gate', stage: 0 })
  })

  it('that answers too late is not believed', async () => {
    const late: ((answer: GateAnswer) => void)[] = []
    const { controller } = await join(() => new Promise((resolve) => void late.push(resolve)))
    await world.clock.advance(15_500)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'gate' })
    late[0]?.(isOpen())
    await world.clock.advance(2_000)
    expect(controller.state).toMatchObject({ phase: 'holding', stage: 0 })
  })

  it.each<[string, RunGate]>([
    ['is closed', isClosed],
    ['hangs', () => new Promise(() => {})],
  ])('that %s keeps no guard from rolling back at the next look', async (_name, gate) => {
    let verdicts = [pass]
    const judge = scriptedJudge(() => verdicts)
    const { controller } = await join(gate, judge)
    await world.clock.advance(5_500)
    verdicts = [fail]
    const failedAt = world.clock.now()
    await world.clock.advance(1_000)
    expect(controller.state).toMatchObject({ phase: 'verifying' })
    expect(controller.state).toMatchObject({ rollback: { decidedAt: failedAt + 500 } })
  })

  it('gives way to a graver cause, and is waited for again afterwards', async () => {
    let verdicts = [pass]
    const { controller } = await join(
      isClosed,
      scriptedJudge(() => verdicts),
    )
    await world.clock.advance(6_000)
    verdicts = [{ ...fail, consequence: 'hold' }]
    await world.clock.advance(2_000)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'failing' })
    verdicts = [pass]
    await world.clock.advance(6_000)
    expect(controller.state).toMatchObject({ phase: 'holding', cause: 'gate' })
  })

  it.each([
    ['stay', 'holding'],
    ['roll_back', 'rolled_back'],
  ] as const)('ends with the hold limit as the plan says: %s', async (onHoldLimit, phase) => {
    const limited = canary({ ...plan, holdLimitMs: 20_000, onHoldLimit })
    const { controller, notices } = await join(isClosed, healthy, { plan: limited })
    await world.clock.advance(40_000)
    expect(controller.state?.phase).toBe(phase)
    const overdue = notices.filter((line) => line.startsWith('hold_overdue'))
    expect(overdue).toHaveLength(onHoldLimit === 'stay' ? 1 : 0)
  })

  it('is not skipped by a promotion, which skips time', async () => {
    let answer = isClosed
    const { controller } = await join(() => answer())
    await expect(controller.promote(ops)).rejects.toMatchObject({ code: 'gate_closed' })
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
    answer = isOpen
    expect(await controller.promote(ops)).toMatchObject({ phase: 'running', stage: 1 })
  })

  it('says what else is wanted once that changes', async () => {
    const both = canary({
      ...plan,
      stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100, gate: ['smoke_tests', 'soak'] }],
      monitorMs: 3_000,
    })
    let closed = 'smoke_tests'
    const gate: RunGate = ({ name }) => ({ isOpen: name !== closed, because: 'so' })
    const gates = { smoke_tests: gate, soak: gate }
    const { controller, notices } = await join(gate, healthy, { plan: both, gates })
    await world.clock.advance(10_000)
    expect(controller.state).toMatchObject({ wants: ['smoke_tests'] })
    closed = 'soak'
    await world.clock.advance(10_000)
    expect(controller.state).toMatchObject({ wants: ['soak'] })
    expect(notices.filter((line) => line.startsWith('held'))).toHaveLength(2)
  })

  it('before the first stage is waited for before anybody is exposed', async () => {
    const first = canary({
      stages: [{ rolloutPercent: 5, gate: ['smoke_tests'] }, { rolloutPercent: 100 }],
    })
    let answer = isClosed
    const { controller, replica } = await join(() => answer(), healthy, { plan: first })
    await world.clock.advance(10_000)
    expect(controller.state?.phase).toBe('awaiting_approval')
    expect(replica.get('exposure/production/checkout')).toBeUndefined()
    answer = isOpen
    await world.clock.advance(3_000)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
  })

  it('that was open a moment ago, and hangs now, is not taken for open', async () => {
    const stages = [
      { rolloutPercent: 5 },
      { rolloutPercent: 100, gate: ['smoke_tests'], approval: 'major' },
    ]
    let asked = 0
    const gate: RunGate = () => (++asked > 1 ? new Promise(() => {}) : isOpen())
    let check: ApprovalDesk['check'] = () => ({ status: 'missing', because: 'nobody asked' })
    const approvals: ApprovalDesk = { check: (subject) => check(subject) }
    const { controller } = await join(gate, healthy, {
      ...{ plan: canary({ stages, monitorMs: 3_000 }), approvals, environment: 'staging' },
    })
    await world.clock.advance(5_500)
    expect(asked).toBe(2)
    const change = { changes: [], dependsOn: [] }
    check = () => ({ status: 'approved', id: 'a1', change })
    await world.clock.advance(3_000)
    expect(controller.state).toMatchObject({ stage: 0 })
  })

  it('that the plan names and nobody has is refused when the controller is created', async () => {
    await expect(world.join(healthy, { plan })).rejects.toMatchObject({
      code: 'invalid_option',
      pointer: '/gates/smoke_tests',
    })
  })

  it('does not keep a controller from stopping', async () => {
    const { controller, replica } = await join(() => new Promise(() => {}))
    await world.clock.advance(5_000)
    await controller.stop()
    expect(controller.state?.phase).toBe('running')
    await replica.close()
    // No time limit of a gate keeps the process alive.
    expect(world.clock.pendingTimers).toBe(0)
  })
})
