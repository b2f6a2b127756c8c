import { describe, expect, it } from 'vitest'
import { definePolicy, parseRolloutState, type RolloutState, transition } from '../index.ts'
import { canary } from '../plan/plan.ts'
import { rollbackTimeline } from './rollback-timeline.ts'
import { fail, minuteMs, startedAt, states, tick } from './sample-states.ts'

const detectedAt = startedAt + 10 * minuteMs

/** A rollback whose parts take so many minutes, found by a guard. */
function goBack(decision: number, execution: number, verification: number): RolloutState[] {
  const decidedAt = detectedAt + decision * minuteMs
  const executedAt = decidedAt + execution * minuteMs
  const look = tick({ verdicts: [fail], detectedAt })
  const rolling = transition(states.running as RolloutState, look, decidedAt).state
  const verifying = transition(rolling, tick(), executedAt).state
  const quiet = tick({ quietMs: 3_000, verdicts: [] })
  return [
    rolling,
    verifying,
    transition(verifying, quiet, executedAt + verification * minuteMs).state,
  ]
}

function last(states: readonly RolloutState[]): RolloutState {
  return states.at(-1) as RolloutState
}

describe('rollbackTimeline', () => {
  it('says how long each part took, beside what the policy allows', () => {
    expect(rollbackTimeline(last(goBack(1, 2, 3)))).toMatchObject({
      decisionMs: minuteMs,
      executionMs: 2 * minuteMs,
      verificationMs: 3 * minuteMs,
      totalMs: 6 * minuteMs,
      limits: {
        decisionMs: 2 * minuteMs,
        executionMs: 5 * minuteMs,
        verificationMs: 3 * minuteMs,
        totalMs: 10 * minuteMs,
      },
      overruns: [],
    })
  })

  it.each([
    ['decision', 2.1, 1, 1, ['decision']],
    ['execution', 1, 5.1, 1, ['execution']],
    ['verification', 1, 1, 3.1, ['verification']],
    ['total', 2, 5, 3.1, ['verification', 'total']],
    ['everything', 3, 6, 4, ['decision', 'execution', 'verification', 'total']],
  ])('names what overran: %s', (_name, decision, execution, verification, overruns) => {
    const end = last(goBack(decision, execution, verification))
    expect(rollbackTimeline(end)?.overruns).toEqual(overruns)
    expect(end).toMatchObject({ overruns })
  })

  it('tells of the parts that are over while it is under way', () => {
    const [rolling, verifying] = goBack(3, 1, 1) as [RolloutState, RolloutState]
    expect(rollbackTimeline(rolling)).toMatchObject({
      decisionMs: 3 * minuteMs,
      overruns: ['decision'],
    })
    expect(rollbackTimeline(rolling)).not.toHaveProperty('executionMs')
    expect(rollbackTimeline(verifying)).toMatchObject({ executionMs: minuteMs })
    expect(rollbackTimeline(verifying)).not.toHaveProperty('totalMs')
  })

  it('is measured for a rollback by hand too, from the moment it was said', () => {
    const order = { actor: 'olga', reason: 'looks odd' }
    const { state } = transition(
      states.paused as RolloutState,
      { type: 'roll_back', ...order },
      detectedAt,
    )
    expect(rollbackTimeline(state)).toMatchObject({
      decisionMs: 0,
      rollback: { by: 'olga', detectedAt },
    })
  })

  it('is undefined for a rollout that does not go back', () => {
    for (const name of ['running', 'paused', 'completed', 'aborted']) {
      expect(rollbackTimeline(states[name] as RolloutState)).toBeUndefined()
    }
  })

  it('of a rollout that an earlier version began has no limit of the whole, and is read all the same', () => {
    const old = JSON.parse(JSON.stringify(last(goBack(2, 5, 3)))) as {
      plan: { totalLimitMs?: number }
    }
    delete old.plan.totalLimitMs
    const timeline = rollbackTimeline(parseRolloutState(old))
    expect(timeline?.totalMs).toBe(10 * minuteMs)
    expect(timeline?.limits).not.toHaveProperty('totalMs')
  })

  it('has its limits from the policy', () => {
    const rollback = { decisionMs: 1, executionMs: 2, verificationMs: 3, totalMs: 7 }
    expect(canary({}, definePolicy({ rollback }))).toMatchObject({
      ...{ decisionLimitMs: 1, executionLimitMs: 2, verifyLimitMs: 3, totalLimitMs: 7 },
    })
  })
})
