import type { Exposure } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  begin,
  canary,
  type Effect,
  isActive,
  isOpen,
  parseRolloutState,
  type RolloutEvent,
  type RolloutState,
  type Transition,
  transition,
} from '../index.ts'
import { createVerdict } from '../testing.ts'
import { type EntryAnswer, findEntryTerms } from './entry.ts'

const monitorMs = 1_000
const plan = canary({
  stages: [
    { rolloutPercent: 5 },
    { rolloutPercent: 25, gate: ['smoke_tests'] },
    { rolloutPercent: 100, approval: 'major' },
  ],
  monitorMs,
  holdLimitMs: 20_000,
  minHoldMs: 100,
  verifyQuietMs: 50,
  verifyLimitMs: 500,
})
const percents = plan.stages.map((stage) => stage.rolloutPercent)
const startAt = 1_000_000

const verdict = fc
  .record({
    outcome: fc.constantFrom(
      'pass' as const,
      'pass' as const,
      'inconclusive' as const,
      'fail' as const,
    ),
    consequence: fc.constantFrom(
      'rollback' as const,
      'hold' as const,
      'hold' as const,
      'warn' as const,
    ),
  })
  .map((fields) => createVerdict(fields.outcome, fields))

const healthy = [createVerdict('pass')]
const order = { actor: 'ada', reason: 'so' }
const exposure: fc.Arbitrary<Exposure> = fc.record(
  { enabled: fc.boolean(), rollout: fc.integer({ min: 0, max: 100 }) },
  { requiredKeys: [] },
)

/** An approval that stands behind an open entry. */
const use = { changes: [{ key: 'approval/1', value: 'used' }], dependsOn: ['approval/1'] }

function open(stage: number): EntryAnswer {
  return { stage, isOpen: true, because: 'all is there', uses: [use] }
}

/** What is answered may be for any stage, and anything. */
const entry: fc.Arbitrary<EntryAnswer> = fc
  .record({ stage: fc.nat(2), kind: fc.nat(9) })
  .map(({ stage, kind }) => {
    if (kind < 6) return open(stage)
    const code = kind < 8 ? ('gate_closed' as const) : ('approval_required' as const)
    const ended = kind === 9 ? { ended: 'a1' } : {}
    return { stage, isOpen: false, code, because: 'not yet', wants: [`w${kind}`], ...ended }
  })

const healthyTick = fc.record({ entry }, { requiredKeys: [] }).map((fields) => ({
  type: 'tick' as const,
  actor: 'controller',
  verdicts: healthy,
  observedMs: 1e12,
  ...fields,
}))

const event: fc.Arbitrary<RolloutEvent> = fc.oneof(
  { weight: 8, arbitrary: healthyTick },
  {
    weight: 5,
    arbitrary: fc.record(
      {
        type: fc.constant('tick' as const),
        actor: fc.constant('controller'),
        verdicts: fc.oneof(
          { weight: 4, arbitrary: fc.constant(healthy) },
          { weight: 1, arbitrary: fc.array(verdict, { maxLength: 3 }) },
          { weight: 1, arbitrary: fc.constant(undefined) },
        ),
        observedMs: fc.constantFrom(0, Number.NaN, monitorMs, 1e12, 1e12),
        quietMs: fc.constantFrom(0, 40, 60, 1e12),
        blind: fc.constant('no answer'),
        detectedAt: fc.constantFrom(startAt - 1e9, startAt, startAt + 1e9),
        entry,
      },
      { requiredKeys: ['type', 'actor', 'verdicts', 'observedMs'] },
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('pause' as const, 'resume' as const, 'resume' as const)
      .map((type) => ({ type, ...order })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('roll_back' as const, 'abort' as const)
      .map((type) => ({ type, ...order })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record(
        { verdicts: fc.array(verdict, { maxLength: 2 }), entry },
        { requiredKeys: ['verdicts'] },
      )
      .map((fields) => ({ ...{ type: 'promote' as const }, ...fields, ...order })),
  },
  {
    weight: 1,
    arbitrary: exposure.map((moved) => ({
      ...{ type: 'exposure_changed' as const, actor: 'controller', by: 'eve' },
      exposure: moved,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ type: 'guards_started' as const, actor: 'controller' }),
  },
)

const step = fc.record({
  event,
  // Mostly forward, sometimes far, sometimes back: a clock in the real world does all three.
  afterMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 1_500 }) },
    { weight: 1, arbitrary: fc.constantFrom(-1e6, -5_000, -1) },
    { weight: 1, arbitrary: fc.constantFrom(20_000, 1e6) },
  ),
})

/** The exposure a rollout serves: nobody where it is switched off. */
function share({ enabled, rollout }: Exposure): number {
  return enabled === true ? (rollout ?? 0) : 0
}

const ranks: Record<RolloutState['phase'], number> = {
  awaiting_approval: -1,
  running: 0,
  holding: 0,
  paused: 0,
  rolling_back: 1,
  verifying: 2,
  rolled_back: 3,
  completed: 3,
  aborted: 3,
}

function start(before: Exposure, approval?: string): RolloutState {
  const terms = { id: 'f@1', flag: 'f', environment: 'staging', plan, guards: [], alpha: 0.01 }
  return begin({ ...terms, before, approval }, order, startAt).state
}

function actionOf(effects: readonly Effect[]): string {
  return effects.find((effect) => effect.type === 'record')?.action ?? ''
}

/** What no event may ever do, whatever came before. */
function check(
  state: RolloutState,
  event: RolloutEvent,
  { state: next, effects }: Transition,
): void {
  const action = actionOf(effects)
  const set = effects.filter((effect) => effect.type === 'set_exposure')
  expect(set.length).toBeLessThanOrEqual(1)
  if (next === state) {
    expect(set).toEqual([])
    return
  }
  expect(action).not.toBe('')
  expect(parseRolloutState(JSON.parse(JSON.stringify(next)))).toEqual(next)
  expect(ranks[next.phase]).toBeGreaterThanOrEqual(ranks[state.phase])
  if (ranks[state.phase] === 3) throw new Error(`${state.phase} was left`)

  if (state.phase === 'awaiting_approval') {
    checkBeginning(state, event, next, effects)
    return
  }
  const risen = share(next.exposure) > share(state.exposure)
  if (risen) {
    expect(['advance', 'promote']).toContain(action)
    if ('stage' in next && next.stage > 0) checkEntry(next.stage, event, effects)
  }
  if (isOpen(state) && isOpen(next)) {
    expect(next.stage - state.stage).toBe(risen ? 1 : 0)
    expect(share(next.exposure)).toBe(percents[next.stage])
  }
  if (next.phase === 'rolling_back') expect(next.exposure.rollout).toBe(0)
  if (set[0] !== undefined) {
    expect(set[0].exposure).toEqual(next.exposure)
    expect(['advance', 'promote', 'complete', 'resume', 'roll_back']).toContain(action)
    // Only there does going on change the share: back to the stage's, which someone else had moved.
    const isMoved = state.phase === 'paused' && state.found !== undefined
    if (action === 'resume' || action === 'complete') expect(isMoved).toBe(true)
  }
}

/** Nobody is exposed but by what was asked for; and what ends there has moved nothing. */
function checkBeginning(
  state: RolloutState,
  event: RolloutEvent,
  next: RolloutState,
  effects: readonly Effect[],
): void {
  if (next.phase === 'running') {
    checkEntry(0, event, effects)
    return
  }
  expect(effects.some((effect) => effect.type === 'set_exposure')).toBe(false)
  expect(['awaiting_approval', 'aborted']).toContain(next.phase)
  if (next.phase === 'aborted') expect(next.exposure).toEqual(state.exposure)
}

/** Every stage of the plan but the first of one that needs no approval asks for something. */
function checkEntry(stage: number, event: RolloutEvent, effects: readonly Effect[]): void {
  const answer = 'entry' in event ? event.entry : undefined
  expect(answer).toMatchObject({ stage, isOpen: true })
  expect(effects.filter((effect) => effect.type === 'use_approval')).toHaveLength(1)
}

/** Healthy looks and a patient person: every open rollout reaches the end of its plan. */
function finish(state: RolloutState, at: number): RolloutState {
  let now = Math.max(at, startAt) + 1e10
  let current = state
  for (let turn = 0; turn < 40 && isActive(current); turn += 1) {
    now += monitorMs
    const isPaused = current.phase === 'paused'
    const look = {
      type: 'tick',
      actor: 'c',
      verdicts: healthy,
      observedMs: 1e12,
      quietMs: 60,
      entry: open(findEntryTerms(current)?.stage ?? 0),
    } as const
    current = transition(current, isPaused ? { type: 'resume', ...order } : look, now).state
  }
  return current
}

/** A person who asks for it: every open rollout goes back. */
function goBack(state: RolloutState, at: number): RolloutState {
  let now = Math.max(at, startAt) + 1e10
  let current = transition(state, { type: 'roll_back', ...order }, now).state
  for (let turn = 0; turn < 3 && isActive(current); turn += 1) {
    now += plan.verifyLimitMs
    const look = { type: 'tick', actor: 'c', verdicts: undefined, observedMs: 0 } as const
    current = transition(current, look, now).state
  }
  return current
}

describe('transition, over random lives of a rollout', () => {
  it('never raises unasked, never skips a stage, never gets stuck, and reaches every phase', () => {
    const reached = new Set<string>()
    const actions = new Set<string>()
    fc.assert(
      fc.property(
        exposure,
        fc.boolean(),
        fc.array(step, { maxLength: 60 }),
        (before, isFree, steps) => {
          let state = Object.freeze(start(before, isFree ? undefined : 'minor'))
          let now = startAt
          for (const { event, afterMs } of steps) {
            now += afterMs
            const { state: next, effects } = transition(state, event, now)
            check(state, event, { state: next, effects })
            state = Object.freeze(next)
            reached.add(state.phase)
            actions.add(actionOf(effects))
          }
          const wasActive = isActive(state)
          const wasOpen = isOpen(state)
          const end = finish(state, now)
          if (wasOpen && (plan.holdLimitMs ?? 0) > 0) expect(end.phase).toBe('completed')
          expect(isActive(end)).toBe(false)
          if (wasOpen) expect(goBack(state, now).phase).toBe('rolled_back')
          if (!wasActive) expect(end).toBe(state)
        },
      ),
      { numRuns: 1_000, seed: 20_260_101 },
    )
    expect([...reached].sort()).toEqual(Object.keys(ranks).sort())
    expect([...actions].sort()).toEqual([
      '',
      'abort',
      'advance',
      'begin_rollout',
      'complete',
      'end_rollback',
      'go_on',
      'hold',
      'hold_overdue',
      'note_exposure',
      'pause',
      'promote',
      'resume',
      'roll_back',
      'verify_rollback',
      'watch',
    ])
  })
})
