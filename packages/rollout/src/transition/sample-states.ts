import {
  begin,
  canary,
  type Phase,
  type RolloutEvent,
  type RolloutState,
  type TickEvent,
} from '../index.ts'
import { createVerdict } from '../testing.ts'

// One state of every kind and one event of every kind, for the tests of `transition`.

export const startedAt = 1_000_000
export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
const order = { actor: 'ada', reason: 'because' }

export const started = begin(
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
export const executedAt = startedAt + hourMs - minuteMs
const rollback = {
  by: 'ada',
  because: 'bad',
  fromStage: 1,
  detectedAt: executedAt,
  decidedAt: executedAt,
}
export const stage = { stage: 1, enteredAt: startedAt }
const held = { ...stage, because: 'x', heldSince: startedAt, causeSince: startedAt }
export const moved = { enabled: true, rollout: 33 }

export function inPhase(phase: Phase): RolloutState {
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

export const states: Record<string, RolloutState> = {
  awaiting_approval: inPhase({
    ...{ phase: 'awaiting_approval', awaitingSince: startedAt, type: 'minor' },
  }),
  running: inPhase({ phase: 'running', ...stage }),
  'holding, failing': inPhase({ phase: 'holding', cause: 'failing', ...held }),
  'holding, unseen': inPhase({ phase: 'holding', cause: 'unseen', ...held }),
  'holding, gate': inPhase({ phase: 'holding', cause: 'gate', wants: ['smoke_tests'], ...held }),
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

export const pass = createVerdict('pass')
export const fail = createVerdict('fail')
const failHold = createVerdict('fail', { consequence: 'hold' })
const unsure = createVerdict('inconclusive')

export function tick(fields: Partial<TickEvent> = {}): TickEvent {
  return { type: 'tick', actor: 'controller', verdicts: [pass], observedMs: 0, ...fields }
}

export const events: Record<string, RolloutEvent> = {
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
  declare: { type: 'declare', condition: 'data_corruption', ...order },
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
export const now = startedAt + hourMs
