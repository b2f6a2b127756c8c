import { describe, expect, it } from 'vitest'
import { createVerdict } from '../testing.ts'
import { inPhase, stage, startedAt, states } from '../transition/sample-states.ts'
import type { RolloutState } from '../transition/state.ts'
import { findConditions, type Heard } from './find-conditions.ts'

function find(state: RolloutState | undefined, heard: Heard = {}, now = startedAt): string[] {
  if (state === undefined) throw new Error('no such sample')
  const { found } = findConditions(state, heard, { now })
  return found.map(({ severity, condition, next }) => `${severity} ${condition}: ${next}`)
}

const failing = (consequence: 'rollback' | 'hold' | 'warn') => ({
  verdicts: [createVerdict('fail', { guard: 'own', consequence })],
})
const overdue = inPhase({
  ...{ phase: 'holding', cause: 'failing', because: '12 % errors', ...stage },
  ...{ heldSince: startedAt, causeSince: startedAt, isOverdue: true },
})

describe('what is wrong with a rollout', () => {
  it('is a guard that fails, with what its failure leads to', () => {
    expect([
      ...find(states.running, failing('rollback')),
      ...find(states.running, failing('hold')),
      ...find(states.paused, failing('hold')),
      ...find(states.running, failing('warn')),
    ]).toEqual([
      'critical guard/own: The rollout goes back to 0 percent by itself.',
      'warning guard/own: The rollout holds until the cause is gone, or somebody promotes it or rolls it back.',
      'warning guard/own: The rollout is paused: a person decides.',
      'warning guard/own: The rollout is not stopped by this: a person decides.',
    ])
  })

  it('is a hold that lasts for longer than the plan allows', () => {
    expect(find(states['holding, failing'])).toEqual([])
    expect(find(overdue)).toEqual([
      'warning hold_overdue: It goes on holding: promote it, or roll it back.',
    ])
  })

  it('is a rollback that cannot be written, until it is', () => {
    const heard = { pendingRollback: 'The disk is gone.' }
    expect(find(states.running, heard)).toHaveLength(1)
    expect(find(states.verifying, heard)).toEqual([])
  })

  it('is a rollback, for ten minutes after its end, and by a clock set back too', () => {
    const back =
      'warning rolled_back: The flag is at 0 percent. Find the cause, then start a new rollout.'
    expect(find(states.rolled_back)).toEqual([back])
    expect(find(states.rolled_back, {}, startedAt - 3_600_000)).toEqual([back])
    expect(find(states.rolled_back, {}, startedAt + 600_001)).toEqual([])
  })

  it.each(Object.keys(states))('of the phase %s ends with the rollout only', (name) => {
    const state = states[name] as RolloutState
    const { over } = findConditions(state, {}, { now: startedAt })
    const isOver = ['rolled_back', 'completed', 'aborted'].includes(state.phase)
    expect(over).toBe(isOver ? `the rollout is over: ${state.phase}` : undefined)
  })
})
