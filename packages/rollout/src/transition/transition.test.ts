import { describe, expect, it } from 'vitest'
import { canary, type Effect, type RolloutState, transition } from '../index.ts'
import {
  events,
  executedAt,
  fail,
  hourMs,
  inPhase,
  minuteMs,
  moved,
  now,
  stage,
  started,
  startedAt,
  states,
  tick,
} from './sample-states.ts'

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
