import { describe, expect, it } from 'vitest'
import { type RolloutEvent, type RolloutState, transition } from '../index.ts'
import { events, now, states } from './sample-states.ts'

/** What becomes of each state: a phase (and stage or cause), `-` for nothing, or a refusal. */
const table: Record<string, Record<string, string>> = {
  'healthy, early': {
    'holding, failing': 'running 1',
    'holding, unseen': 'running 1',
    rolling_back: 'verifying',
  },
  'healthy, time up': {
    'holding, gate': 'running 2',
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
    'holding, gate': 'holding failing',
    running: 'holding failing',
    'holding, unseen': 'holding failing',
    'holding, waiting': 'holding failing',
    rolling_back: 'verifying',
  },
  'fail, rollback': {
    'holding, gate': 'rolling_back',
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
    'holding, gate': 'holding unseen',
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
    awaiting_approval: 'awaiting_approval',
    'holding, gate': 'paused',
    running: 'paused',
    'holding, failing': 'paused',
    'holding, unseen': 'paused',
    'holding, waiting': 'paused',
    paused: 'already_paused',
    'paused, moved': 'already_paused',
  },
  resume: {
    awaiting_approval: 'awaiting_approval',
    'holding, gate': 'not_paused',
    running: 'not_paused',
    'holding, failing': 'not_paused',
    'holding, unseen': 'not_paused',
    'holding, waiting': 'not_paused',
    paused: 'running 1',
    'paused, moved': 'running 1',
  },
  promote: {
    awaiting_approval: 'gate_closed',
    'holding, gate': 'running 2',
    running: 'running 2',
    'holding, failing': 'running 2',
    'holding, unseen': 'running 2',
    'holding, waiting': 'running 2',
    paused: 'running 2',
    'paused, moved': 'running 2',
  },
  'promote, failing': {
    awaiting_approval: 'gate_closed',
    'holding, gate': 'guard_demands_rollback',
    running: 'guard_demands_rollback',
    'holding, failing': 'guard_demands_rollback',
    'holding, unseen': 'guard_demands_rollback',
    'holding, waiting': 'guard_demands_rollback',
    paused: 'guard_demands_rollback',
    'paused, moved': 'guard_demands_rollback',
  },
  roll_back: {
    awaiting_approval: 'aborted',
    'holding, gate': 'rolling_back',
    running: 'rolling_back',
    'holding, failing': 'rolling_back',
    'holding, unseen': 'rolling_back',
    'holding, waiting': 'rolling_back',
    paused: 'rolling_back',
    'paused, moved': 'rolling_back',
  },
  declare: {
    awaiting_approval: 'aborted',
    'holding, gate': 'rolling_back',
    running: 'rolling_back',
    'holding, failing': 'rolling_back',
    'holding, unseen': 'rolling_back',
    'holding, waiting': 'rolling_back',
    paused: 'rolling_back',
    'paused, moved': 'rolling_back',
  },
  abort: {
    awaiting_approval: 'aborted',
    'holding, gate': 'aborted',
    running: 'aborted',
    'holding, failing': 'aborted',
    'holding, unseen': 'aborted',
    'holding, waiting': 'aborted',
    paused: 'aborted',
    'paused, moved': 'aborted',
  },
  moved: {
    awaiting_approval: 'awaiting_approval',
    'holding, gate': 'paused',
    running: 'paused',
    'holding, failing': 'paused',
    'holding, unseen': 'paused',
    'holding, waiting': 'paused',
    paused: 'paused',
  },
  restored: { 'paused, moved': 'paused' },
  guards_started: {
    'holding, gate': 'holding gate',
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
const commands = ['pause', 'resume', 'promote', 'roll_back', 'declare', 'abort']

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
