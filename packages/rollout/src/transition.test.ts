import { describe, expect, it } from 'vitest'
import {
  begin,
  canary,
  type Effect,
  type Phase,
  type RolloutEvent,
  type RolloutState,
  type TickEvent,
  transition,
} from './index.ts'
import { createVerdict } from './testing.ts'

const startedAt = 1_000_000
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const order = { actor: 'ada', reason: 'because' }

const started = begin(
  {
    id: 'checkout@1',
    flag: 'checkout',
    environment: 'production',
    plan: canary({ holdLimitMs: 2 * hourMs }),
    guards: [],
    alpha: 0.01,
    before: { enabled: true, split: { red: 50, blue: 50 } },
  },
  { ...order, ticket: 'OPS-1' },
  startedAt,
).state

/** A minute before the hour is up, so that the verification still has time. */
const executedAt = startedAt + hourMs - minuteMs
const rollback = {
  by: 'ada',
  because: 'bad',
  fromStage: 1,
  detectedAt: executedAt,
  decidedAt: executedAt,
}
const stage = { stage: 1, enteredAt: startedAt }
const held = { ...stage, because: 'x', heldSince: startedAt, causeSince: startedAt }
const moved = { enabled: true, rollout: 33 }

function inPhase(phase: Phase): RolloutState {
  const {
    phase: _phase,
    stage: _stage,
    enteredAt: _enteredAt,
    ...terms
  } = started as never as {
    phase: string
    stage: number
    enteredAt: number
  }
  return { ...(terms as RolloutState), ...phase } as RolloutState
}

const states: Record<string, RolloutState> = {
  running: inPhase({ phase: 'running', ...stage }),
  'holding, failing': inPhase({ phase: 'holding', cause: 'failing', ...held }),
  'holding, unseen': inPhase({ phase: 'holding', cause: 'unseen', ...held }),
  'holding, waiting': inPhase({ phase: 'holding', cause: 'waiting', ...held }),
  paused: inPhase({ phase: 'paused', ...stage, pausedAt: startedAt, by: 'bob', because: 'lunch' }),
  'paused, moved': inPhase({
    phase: 'paused',
    ...stage,
    pausedAt: startedAt,
    by: 'bob',
    because: 'moved',
    found: moved,
  }),
  rolling_back: inPhase({ phase: 'rolling_back', rollback }),
  verifying: inPhase({ phase: 'verifying', rollback, executedAt }),
  rolled_back: inPhase({
    phase: 'rolled_back',
    rollback,
    executedAt: startedAt,
    endedAt: startedAt,
    overruns: [],
  }),
  completed: inPhase({ phase: 'completed', by: 'ada', completedAt: startedAt }),
  aborted: inPhase({ phase: 'aborted', by: 'ada', because: 'x', abortedAt: startedAt }),
}

const pass = createVerdict('pass')
const fail = createVerdict('fail')
const failHold = createVerdict('fail', { consequence: 'hold' })
const unsure = createVerdict('inconclusive')

function tick(fields: Partial<TickEvent> = {}): TickEvent {
  return { type: 'tick', actor: 'controller', verdicts: [pass], observedMs: 0, ...fields }
}

const events: Record<string, RolloutEvent> = {
  'healthy, early': tick(),
  'healthy, time up': tick({ observedMs: hourMs }),
  'unsure, early': tick({ verdicts: [unsure] }),
  'unsure, time up': tick({ verdicts: [unsure], observedMs: hourMs }),
  'fail, hold': tick({ verdicts: [failHold], observedMs: hourMs }),
  'fail, rollback': tick({ verdicts: [fail] }),
  'missed look': tick({ verdicts: undefined }),
  blind: tick({ verdicts: undefined, blind: 'no answer', observedMs: hourMs }),
  quiet: tick({ quietMs: 3_000, verdicts: [] }),
  pause: { type: 'pause', ...order },
  resume: { type: 'resume', ...order },
  promote: { type: 'promote', verdicts: [], ...order },
  'promote, failing': { type: 'promote', verdicts: [fail], ...order },
  roll_back: { type: 'roll_back', ...order },
  abort: { type: 'abort', ...order },
  moved: { type: 'exposure_changed', actor: 'controller', by: 'eve', exposure: moved },
  restored: {
    type: 'exposure_changed',
    actor: 'controller',
    by: 'eve',
    exposure: started.exposure,
  },
  guards_started: { type: 'guards_started', actor: 'controller' },
}

/** The stage's hour is up, the hold limit is not. */
const now = startedAt + hourMs

/** What becomes of each state: a phase (and stage or cause), `-` for nothing, or a refusal. */
const table: Record<string, Record<string, string>> = {
  'healthy, early': {
    'holding, failing': 'running 1',
    'holding, unseen': 'running 1',
    rolling_back: 'verifying',
  },
  'healthy, time up': {
    running: 'running 2',
    'holding, failing': 'running 1',
    'holding, unseen': 'running 1',
    'holding, waiting': 'running 2',
    rolling_back: 'verifying',
  },
  'unsure, early': {
    'holding, failing': 'running 1',
    'holding, unseen': 'running 1',
    rolling_back: 'verifying',
  },
  'unsure, time up': {
    running: 'holding waiting',
    'holding, failing': 'running 1',
    'holding, unseen': 'running 1',
    rolling_back: 'verifying',
  },
  'fail, hold': {
    running: 'holding failing',
    'holding, unseen': 'holding failing',
    'holding, waiting': 'holding failing',
    rolling_back: 'verifying',
  },
  'fail, rollback': {
    running: 'rolling_back',
    'holding, failing': 'rolling_back',
    'holding, unseen': 'rolling_back',
    'holding, waiting': 'rolling_back',
    paused: 'rolling_back',
    'paused, moved': 'rolling_back',
    rolling_back: 'verifying',
  },
  'missed look': { rolling_back: 'verifying' },
  blind: {
    running: 'holding unseen',
    'holding, waiting': 'holding unseen',
    rolling_back: 'verifying',
  },
  quiet: {
    'holding, failing': 'running 1',
    'holding, unseen': 'running 1',
    rolling_back: 'verifying',
    verifying: 'rolled_back',
  },
  pause: {
    running: 'paused',
    'holding, failing': 'paused',
    'holding, unseen': 'paused',
    'holding, waiting': 'paused',
    paused: 'already_paused',
    'paused, moved': 'already_paused',
  },
  resume: {
    running: 'not_paused',
    'holding, failing': 'not_paused',
    'holding, unseen': 'not_paused',
    'holding, waiting': 'not_paused',
    paused: 'running 1',
    'paused, moved': 'running 1',
  },
  promote: {
    running: 'running 2',
    'holding, failing': 'running 2',
    'holding, unseen': 'running 2',
    'holding, waiting': 'running 2',
    paused: 'running 2',
    'paused, moved': 'running 2',
  },
  'promote, failing': {
    running: 'guard_demands_rollback',
    'holding, failing': 'guard_demands_rollback',
    'holding, unseen': 'guard_demands_rollback',
    'holding, waiting': 'guard_demands_rollback',
    paused: 'guard_demands_rollback',
    'paused, moved': 'guard_demands_rollback',
  },
  roll_back: {
    running: 'rolling_back',
    'holding, failing': 'rolling_back',
    'holding, unseen': 'rolling_back',
    'holding, waiting': 'rolling_back',
    paused: 'rolling_back',
    'paused, moved': 'rolling_back',
  },
  abort: {
    running: 'aborted',
    'holding, failing': 'aborted',
    'holding, unseen': 'aborted',
    'holding, waiting': 'aborted',
    paused: 'aborted',
    'paused, moved': 'aborted',
  },
  moved: {
    running: 'paused',
    'holding, failing': 'paused',
    'holding, unseen': 'paused',
    'holding, waiting': 'paused',
    paused: 'paused',
  },
  restored: { 'paused, moved': 'paused' },
  guards_started: {
    running: 'running 1',
    'holding, failing': 'holding failing',
    'holding, unseen': 'holding unseen',
    'holding, waiting': 'holding waiting',
    paused: 'paused',
    'paused, moved': 'paused',
  },
}

/** Commands that come too late are refused in these phases, each with one reason. */
const late: Record<string, string> = {
  rolling_back: 'rolling_back',
  verifying: 'rolling_back',
  rolled_back: 'rollout_over',
  completed: 'rollout_over',
  aborted: 'rollout_over',
}
const commands = ['pause', 'resume', 'promote', 'roll_back', 'abort']

function expectedOf(stateName: string, eventName: string): string {
  const isCommand = commands.includes(events[eventName]!.type)
  return table[eventName]?.[stateName] ?? (isCommand ? (late[stateName] ?? '-') : '-')
}

function outcomeOf(before: RolloutState, event: RolloutEvent): string {
  const { state, effects } = transition(before, event, now)
  const refused = effects.find((effect) => effect.type === 'refused')
  if (refused !== undefined) {
    expect(state).toBe(before)
    expect(effects).toHaveLength(1)
    return refused.code
  }
  if (state === before) {
    expect(effects).toEqual([])
    return '-'
  }
  expect(effects.filter((effect) => effect.type === 'record')).toHaveLength(1)
  if (state.phase === 'running') return `running ${state.stage}`
  return state.phase === 'holding' ? `holding ${state.cause}` : state.phase
}

describe('transition, every state and event', () => {
  for (const [eventName, event] of Object.entries(events)) {
    for (const [stateName, state] of Object.entries(states)) {
      it(`${stateName} + ${eventName} → ${expectedOf(stateName, eventName)}`, () => {
        expect(outcomeOf(state, event)).toBe(expectedOf(stateName, eventName))
      })
    }
  }
})

function exposureIn(effects: readonly Effect[]): unknown {
  return effects.find((effect) => effect.type === 'set_exposure')?.exposure
}

describe('the exposure a transition sets', () => {
  const kept = { enabled: true, split: { red: 50, blue: 50 } }

  it('is the next stage on advance, with the split as it was', () => {
    const { effects, state } = transition(states.running!, events['healthy, time up']!, now)
    expect(exposureIn(effects)).toEqual({ ...kept, rollout: 50 })
    expect(state.exposure).toEqual({ ...kept, rollout: 50 })
  })

  it('is 0 percent and the switch as before on the way back', () => {
    expect(exposureIn(transition(states.paused!, events.roll_back!, now).effects)).toEqual({
      ...kept,
      rollout: 0,
    })
  })

  it('never switches a flag on again that someone switched off', () => {
    const killed = inPhase({
      phase: 'paused',
      ...stage,
      pausedAt: startedAt,
      by: 'eve',
      because: 'kill',
      found: { enabled: false, rollout: 25 },
    })
    expect(exposureIn(transition(killed, events['fail, rollback']!, now).effects)).toEqual({
      ...kept,
      enabled: false,
      rollout: 0,
    })
  })

  it('is the stage again on resume after someone else moved it, watched anew', () => {
    const { state, effects } = transition(states['paused, moved']!, events.resume!, now)
    expect(exposureIn(effects)).toEqual(started.exposure)
    expect(state).toMatchObject({ phase: 'running', stage: 1, enteredAt: now })
  })

  it('stays as it is on pause, hold, abort and completion', () => {
    const last = inPhase({ phase: 'running', stage: 3, enteredAt: startedAt })
    for (const [state, event] of [
      [states.running!, events.pause!],
      [states.running!, events['fail, hold']!],
      [states.running!, events.abort!],
      [last, events['healthy, time up']!],
    ] as const) {
      expect(exposureIn(transition(state, event, now).effects)).toBeUndefined()
    }
    expect(transition(last, events['healthy, time up']!, now).state.phase).toBe('completed')
  })
})

describe('time', () => {
  const timeUp = events['healthy, time up']!

  it('advances only when the stage was observed and its time elapsed by the clock too', () => {
    const early = tick({ observedMs: Number.MAX_SAFE_INTEGER })
    expect(transition(states.running!, early, startedAt + hourMs - 2).state.phase).toBe('running')
    expect(transition(states.running!, early, startedAt - hourMs).state).toBe(states.running)
    const unobserved = tick({ observedMs: hourMs - 1 })
    expect(transition(states.running!, unobserved, startedAt + 1e12).state).toBe(states.running)
  })

  it('moves one stage at most, however far the clock jumps', () => {
    const { state } = transition(states.running!, timeUp, startedAt + 1e12)
    expect(state).toMatchObject({ phase: 'running', stage: 2 })
  })

  it('does not leave a hold before its shortest length', () => {
    const tooSoon = transition(states['holding, failing']!, tick(), startedAt + 29_999)
    expect(tooSoon.state).toBe(states['holding, failing'])
  })

  it('reports a hold beyond its limit once, and stays', () => {
    const overdue = transition(states['holding, waiting']!, tick(), startedAt + 2 * hourMs)
    expect(overdue.state).toMatchObject({ phase: 'holding', isOverdue: true })
    const later = transition(overdue.state, tick(), startedAt + 3 * hourMs)
    expect(later.state).toBe(overdue.state)
  })

  it('rolls back at the hold limit where the plan says so', () => {
    const plan = canary({ holdLimitMs: hourMs, onHoldLimit: 'roll_back' })
    const strict = { ...states['holding, waiting']!, plan } as RolloutState
    expect(transition(strict, tick(), startedAt + hourMs).state.phase).toBe('rolling_back')
  })
})

describe('the rollback timeline', () => {
  const detectedAt = startedAt + 10 * minuteMs
  const decidedAt = detectedAt + 3 * minuteMs

  it('keeps when it was detected, decided, executed and verified, and what overran', () => {
    const event = tick({ verdicts: [fail], detectedAt })
    const rolling = transition(states.running!, event, decidedAt).state
    const verifying = transition(rolling, tick(), decidedAt + 6 * minuteMs).state
    const end = transition(verifying, events.quiet!, decidedAt + 7 * minuteMs)
    expect(end.state).toMatchObject({
      phase: 'rolled_back',
      rollback: { by: 'controller', guard: 'scripted', fromStage: 1, detectedAt, decidedAt },
      executedAt: decidedAt + 6 * minuteMs,
      verifiedAt: decidedAt + 7 * minuteMs,
      overruns: ['decision', 'execution'],
    })
    expect(end.effects.map((effect) => effect.type === 'announce' && effect.level)).toContain(
      'error',
    )
  })

  it('ends as rolled back, and says so, when requests to the canary never stop', () => {
    const busy = tick({ quietMs: 0 })
    const waiting = transition(states.verifying!, busy, executedAt + 3 * minuteMs - 1)
    expect(waiting.state).toBe(states.verifying)
    const { state, effects } = transition(states.verifying!, busy, executedAt + 3 * minuteMs)
    expect(state).toMatchObject({ phase: 'rolled_back', overruns: ['verification'] })
    expect(state).not.toHaveProperty('verifiedAt')
    expect(effects.map((effect) => effect.type === 'announce' && effect.name)).toContain(
      'rollback_overrun',
    )
  })

  it('is not verified by a quiet that is longer than the verification itself', () => {
    const quiet = tick({ quietMs: hourMs })
    expect(transition(states.verifying!, quiet, executedAt + 2_999).state).toBe(states.verifying)
  })
})

describe('someone else moving the exposure', () => {
  it('pauses the rollout and says who', () => {
    const { state, effects } = transition(states.running!, events.moved!, now)
    expect(state).toMatchObject({ phase: 'paused', by: 'eve', found: moved, pausedAt: now })
    expect(exposureIn(effects)).toBeUndefined()
  })

  it('is nothing where the same exposure was written again', () => {
    expect(transition(states.running!, events.restored!, now).state).toBe(states.running)
  })
})
