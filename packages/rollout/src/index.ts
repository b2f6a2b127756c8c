export { begin, type RolloutRequest } from './begin.ts'
export type { RolloutCommands } from './commands.ts'
export {
  createRolloutController,
  type RolloutController,
  type RolloutControllerOptions,
} from './controller.ts'
export { type Decision, decide } from './decide.ts'
export type {
  Effect,
  Notice,
  Order,
  Refusal,
  RolloutEvent,
  TickEvent,
  Transition,
} from './event.ts'
export type { RolloutLog } from './journal.ts'
export {
  type CreateJudge,
  createGuardJudge,
  type Judge,
  type JudgeTerms,
  type Look,
  shareOfAlpha,
} from './judge.ts'
export { type CanaryOptions, canary, type Plan, type Stage } from './plan.ts'
export { checkPlanFor, parsePlan } from './plan-schema.ts'
export type { PendingRollback, RolloutEvents, RolloutNotice } from './rollout-events.ts'
export type {
  Aborted,
  Completed,
  HoldCause,
  Holding,
  OpenPhase,
  OpenState,
  Overrun,
  Paused,
  Phase,
  RollbackDecision,
  RolledBack,
  RollingBack,
  RolloutState,
  RolloutTerms,
  Running,
  Verifying,
} from './state.ts'
export { isActive, isOpen } from './state.ts'
export { parseRolloutState } from './state-schema.ts'
export { transition } from './transition.ts'
