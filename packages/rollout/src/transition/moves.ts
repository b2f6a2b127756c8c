import type { ApprovalUse } from '../approvals/subject.ts'
import type { Effect, Order, Refusal, Transition } from './event.ts'
import { exposeTo, withdraw } from './exposure.ts'
import { toReason } from './reason.ts'
import {
  enter,
  type OpenState,
  type RollbackDecision,
  type RolloutState,
  stagePercent,
} from './state.ts'

/** Nothing happened: the same state object. */
export function unchanged(state: RolloutState): Transition {
  return { state, effects: [] }
}

/** Nothing happened, and the person who asked is told why. */
export function refuse(state: RolloutState, code: Refusal, because: string): Transition {
  return { state, effects: [{ type: 'refused', code, because }] }
}

/** One stage further, or the end of the plan. @param uses Approvals that this step uses up. */
export function advance(
  state: OpenState,
  action: 'advance' | 'promote',
  order: Order,
  now: number,
  uses: readonly ApprovalUse[] = [],
): Transition {
  const stage = state.stage + 1
  if (stage >= state.plan.stages.length) return complete(state, order, now)

  const percent = stagePercent(state.plan, stage)
  const exposure = exposeTo(state.before, percent)
  return {
    state: enter(state, { phase: 'running', stage, enteredAt: now }, { exposure }),
    effects: [
      { type: 'record', action, ...order },
      { type: 'set_exposure', exposure },
      ...toEffects(uses),
      announce('stage_entered', 'info', `${state.flag} is at ${percent} percent: ${order.reason}`),
    ],
  }
}

/** Back to 0 percent, from wherever the rollout stands. */
export function rollBack(
  state: OpenState,
  order: Order,
  { guard, detectedAt, now }: { guard?: string; detectedAt: number; now: number },
): Transition {
  const exposure = withdraw(state.before, state.phase === 'paused' ? state.found : undefined)
  // No text is too long, and no clock too broken, to go back.
  const because = toReason(order.reason)
  const rollback: RollbackDecision = {
    by: order.actor,
    because,
    ...(guard === undefined ? {} : { guard }),
    fromStage: state.stage,
    detectedAt: Number.isFinite(detectedAt) ? Math.min(detectedAt, now) : now,
    decidedAt: now,
  }
  return {
    state: enter(state, { phase: 'rolling_back', rollback }, { exposure }),
    effects: [
      { type: 'record', action: 'roll_back', ...order, reason: because },
      { type: 'set_exposure', exposure },
      announce('rollback_started', 'warning', `${state.flag} goes back to 0 percent: ${because}`),
    ],
  }
}

/** Approvals that are used up in the same commit. */
export function toEffects(uses: readonly ApprovalUse[]): Effect[] {
  return uses.map((use) => ({ type: 'use_approval', ...use }))
}

/** An effect that tells people. */
export function announce(
  name: (Effect & { type: 'announce' })['name'],
  level: 'info' | 'warning' | 'error',
  message: string,
): Effect {
  return { type: 'announce', name, level, message }
}

function complete(state: OpenState, order: Order, now: number): Transition {
  const isMoved = state.phase === 'paused' && state.found !== undefined
  const restore: Effect[] = isMoved ? [{ type: 'set_exposure', exposure: state.exposure }] : []
  return {
    state: enter(state, { phase: 'completed', by: order.actor, completedAt: now }),
    effects: [
      { type: 'record', action: 'complete', ...order },
      ...restore,
      announce('completed', 'info', `${state.flag} is fully rolled out: ${order.reason}`),
    ],
  }
}
