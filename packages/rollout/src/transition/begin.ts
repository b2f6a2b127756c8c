import type { Exposure } from '@sluice/core'
import { type Guard, withoutFunctions } from '@sluice/guards'
import type { Plan } from '../plan/plan.ts'
import { checkPlanFor } from '../plan/plan-schema.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { type EntryAnswer, termsOf } from './entry.ts'
import type { Effect, Order, Transition } from './event.ts'
import { exposeTo } from './exposure.ts'
import { announce, toEffects } from './moves.ts'
import { type RolloutTerms, stagePercent } from './state.ts'

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
  /** The type of approval without which it does not begin; absent: the first stage's own, if any. */
  readonly approval?: string | undefined
  /** What is known of the first stage's gates and approval. */
  readonly entry?: EntryAnswer | undefined
  /** By which the plan is checked. Default: the deployment policy as it is written. */
  readonly policy?: Policy | undefined
}

/**
 * The first state of a rollout: running in stage 0, with that stage's exposure. Where the stage asks for something that
 * is not there yet: waiting for it, with the exposure as it was.
 *
 * @throws SluiceError `invalid_plan` where the plan is too bold for the environment.
 */
export function begin(request: RolloutRequest, order: Order, now: number): Transition {
  const { flag, environment, plan, before, entry, policy = defaultPolicy } = request
  checkPlanFor(environment, plan, policy)
  const terms = toTerms(request, order, now)
  const asked = termsOf(plan, 0, request.approval)
  if (asked !== undefined && entry?.isOpen !== true) {
    const closed = entry?.because ?? `gates: ${asked.gates.join(', ')}`
    const ended = entry?.ended
    return {
      state: {
        ...terms,
        phase: 'awaiting_approval',
        awaitingSince: now,
        ...(asked.approval === undefined ? {} : { type: asked.approval }),
        ...(ended === undefined ? {} : { endedBefore: ended }),
      },
      effects: [
        { type: 'record', action: 'ask_rollout', ...order },
        announce('approval_awaited', 'info', `${flag} waits to begin: ${closed}`),
      ],
    }
  }
  const percent = stagePercent(plan, 0)
  const exposure = exposeTo(before, percent)
  return {
    state: { ...terms, exposure, phase: 'running', stage: 0, enteredAt: now },
    effects: [
      { type: 'record', action: 'start_rollout', ...order },
      { type: 'set_exposure', exposure },
      ...toEffects(entry?.isOpen ? entry.uses : []),
      announceStart(before, `${flag} starts at ${percent} percent`, percent, order),
    ],
  }
}

function toTerms(request: RolloutRequest, order: Order, now: number): RolloutTerms {
  const { id, flag, environment, plan, guards, alpha, before, calibration } = request
  return {
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
    exposure: before,
    ...(calibration === undefined ? {} : { calibration }),
    guardRuns: 0,
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
