import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isActive, isOpen, isRolloutOver, type RolloutState, transition } from '../index.ts'
import { createVerdict } from '../testing.ts'
import { findEntryTerms } from './entry.ts'
import { findReachable, type Reachable, t0 } from './reachable-states.ts'

const reachable = findReachable()
const { states, steps } = reachable
const order = { actor: 'ada', reason: 'because' }
const page = new URL('../../../../docs/rollouts.md', import.meta.url)

/** What a person calls a state: its phase and whatever makes it another kind. */
function nameOf(state: RolloutState): string {
  const parts: (string | number)[] = [state.phase]
  if (state.phase === 'holding') parts.push(state.cause, ...(state.isOverdue ? ['overdue'] : []))
  if (state.phase === 'paused' && state.found !== undefined) parts.push('moved')
  if (state.phase === 'rolled_back' && state.verifiedAt === undefined) parts.push('unverified')
  return parts.join(' ')
}

describe('the states that a rollout can reach', () => {
  it('are these, and no others', () => {
    expect([...new Set(states.map(nameOf))].sort()).toEqual([
      'aborted',
      'awaiting_approval',
      'completed',
      'holding failing',
      'holding failing overdue',
      'holding gate',
      'holding gate overdue',
      'holding unseen',
      'holding unseen overdue',
      'holding waiting',
      'holding waiting overdue',
      'paused',
      'paused moved',
      'rolled_back',
      'rolled_back unverified',
      'rolling_back',
      'running',
      'verifying',
    ])
  })

  it('are none of them stuck: from each, something leads to its end', () => {
    const ending = new Set(states.filter(isRolloutOver))
    for (let before = -1; before !== ending.size; ) {
      before = ending.size
      for (const { from, to } of steps) if (ending.has(to)) ending.add(from)
    }
    expect(states.filter((state) => !ending.has(state)).map(nameOf)).toEqual([])
  })

  it('are left by nobody once they are final', () => {
    expect(steps.filter(({ from }) => !isActive(from))).toEqual([])
  })

  it.each(['roll_back', 'abort'] as const)('let a person end it: %s', (type) => {
    for (const state of states) {
      const { state: next, effects } = transition(state, { type, ...order }, t0)
      const isPossible = isOpen(state) || state.phase === 'awaiting_approval'
      expect(next !== state, nameOf(state)).toBe(isPossible)
      if (!isPossible) expect(effects).toMatchObject([{ type: 'refused' }])
    }
  })

  it('come back from a rollback by themselves, whatever is seen meanwhile', () => {
    for (const state of states) {
      if (state.phase !== 'rolling_back' && state.phase !== 'verifying') continue
      const look = { type: 'tick', actor: 'c', verdicts: undefined, observedMs: 0 } as const
      const verifying = transition(state, look, t0).state
      const end = transition(verifying, look, t0 + state.plan.verifyLimitMs).state
      expect(end.phase).toBe('rolled_back')
    }
  })

  it('lead to the end of the plan, where the canary is well and everything that is asked for is there', () => {
    for (const state of states) {
      if (!isOpen(state) && state.phase !== 'awaiting_approval') continue
      expect(finish(state), nameOf(state)).toBe('completed')
    }
  })

  it('go up by nothing but a look or a promotion, and never past what the stage asks for', () => {
    for (const { from, to, action, event } of steps) {
      if (!(shareOf(to) > shareOf(from)) || action === 'note_exposure') continue
      expect(['advance', 'promote', 'begin_rollout'], nameOf(from)).toContain(action)
      const terms = findEntryTerms(from)
      if (terms === undefined) continue
      expect('entry' in event && event.entry).toMatchObject({ stage: terms.stage, isOpen: true })
    }
  })
})

describe('the diagram in docs/rollouts.md', () => {
  it('is made from the reachable states (SLUICE_WRITE_DOCS=1 writes it anew)', () => {
    const text = readFileSync(page, 'utf8')
    const drawn = text.replace(/```mermaid\n.*?```/s, () => draw(reachable))
    if (process.env.SLUICE_WRITE_DOCS === '1') writeFileSync(page, drawn)
    else expect(text).toBe(drawn)
  })
})

function shareOf({ exposure: { enabled, rollout = 0 } }: RolloutState): number {
  return enabled === true ? rollout : 0
}

/** Healthy looks, open gates, given approvals, and a person who resumes. */
function finish(from: RolloutState): string {
  let state = from
  let now = t0
  for (let turn = 0; turn < 20 && isActive(state); turn += 1) {
    // An hour a turn: short of the hold limit, long enough for a stage.
    now += 3_600_000
    const stage = findEntryTerms(state)?.stage ?? 0
    const entry = { stage, isOpen: true, because: 'all is there', uses: [] } as const
    const verdicts = [createVerdict('pass')]
    const look = { type: 'tick', actor: 'c', verdicts, observedMs: 1e12, entry } as const
    const isPaused = state.phase === 'paused'
    state = transition(state, isPaused ? { type: 'resume', ...order } : look, now).state
  }
  return state.phase
}

/** What makes no other state of it in a person's eyes. */
const quietActions = new Set(['watch', 'note_exposure'])

/** A diagram of the phases, with every action that leads from one to another. */
function draw({ starts, steps: all, states: found }: Reachable): string {
  const lines = new Map<string, Set<string>>()
  const add = (line: string, action: string) =>
    lines.set(line, (lines.get(line) ?? new Set()).add(action))
  for (const { state, action } of starts) add(`[*] --> ${state.phase}`, action)
  for (const { from, to, action } of all) {
    if (!quietActions.has(action)) add(`${from.phase} --> ${to.phase}`, action)
  }
  const finals = new Set(found.filter(isRolloutOver).map(({ phase }) => phase))
  const drawn = [...lines].map(([line, actions]) => `  ${line}: ${[...actions].sort().join(', ')}`)
  const ends = [...finals].sort().map((phase) => `  ${phase} --> [*]`)
  return ['```mermaid', 'stateDiagram-v2', ...drawn.sort(), ...ends, '```'].join('\n')
}
