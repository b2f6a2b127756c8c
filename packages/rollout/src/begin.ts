import type { Exposure } from '@sluice/core'
import { type Guard, withoutFunctions } from '@sluice/guards'
import type { Effect, Order, Transition } from './event.ts'
import { exposeTo } from './exposure.ts'
import { announce } from './moves.ts'
import type { Plan } from './plan.ts'
import { checkPlanFor } from './plan-schema.ts'
import { stagePercent } from './state.ts'

/** What a rollout is to be, before it is one. */
export interface RolloutRequest {
  readonly id: string
  readonly flag: string
  readonly environment: string
  readonly plan: Plan
  readonly guards: readonly Guard[]
  /** 0 to 1, over the whole rollout. */
  readonly alpha: number
  /** See the state's. */
  readonly calibration?: readonly number[] | undefined
  /** The exposure that stands in the log now. */
  readonly before: Exposure
}

/**
 * The first state of a rollout: running in stage 0, with that stage's exposure.
 *
 * @throws SluiceError `invalid_plan` where the plan is too bold for the environment.
 */
export function begin(request: RolloutRequest, order: Order, now: number): Transition {
  const { id, flag, environment, plan, guards, alpha, before } = request
  checkPlanFor(environment, plan)
  const percent = stagePercent(plan, 0)
  const exposure = exposeTo(before, percent)
  return {
    state: {
      schema: 1,
      id,
      flag,
      environment,
      plan,
      guards: guards.map(withoutFunctions),
      alpha,
      startedBy: order.actor,
      startedAt: now,
      reason: order.reason,
      ...(order.ticket === undefined ? {} : { ticket: order.ticket }),
      before,
      exposure,
      ...(request.calibration === undefined ? {} : { calibration: request.calibration }),
      guardRuns: 0,
      phase: 'running',
      stage: 0,
      enteredAt: now,
    },
    effects: [
      { type: 'record', action: 'start_rollout', ...order },
      { type: 'set_exposure', exposure },
      announceStart(before, `${flag} starts at ${percent} percent`, percent, order),
    ],
  }
}

/** A start that takes the flag from subjects who had it is said aloud. */
function announceStart(before: Exposure, start: string, percent: number, order: Order): Effect {
  const { enabled = true, rollout = 0 } = before
  const isLowered = enabled && rollout > percent
  const from = isLowered ? `, down from ${rollout} percent` : ''
  return announce(
    'rollout_started',
    isLowered ? 'warning' : 'info',
    `${start}${from}: ${order.reason}`,
  )
}
