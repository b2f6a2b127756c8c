/**
 * Changes exposure over time: plans, controllers, policy, approvals, promotion, blue-green and rolling.
 *
 * @module
 */

export type { Alert, AlertSink, Delivery } from '@sluice/guards/webhook'
export {
  type AlertEvents,
  type Alerts,
  type AlertsOptions,
  createAlerts,
} from './alerts/create-alerts.ts'
export type { AlertSeverities } from './alerts/find-conditions.ts'
export type {
  Approval,
  ApprovalAnswer,
  ApprovalPhase,
  ApprovalTerms,
  Emergency,
} from './approvals/approval.ts'
export type { ApprovalNotice } from './approvals/approval-notice.ts'
export { parseApproval } from './approvals/approval-schema.ts'
export type { ApprovalEvents, Notify } from './approvals/approval-teller.ts'
export type {
  ApprovalFilter,
  Approvals,
  ApprovalsOptions,
  ApprovalView,
} from './approvals/approvals-contract.ts'
export { createApprovals } from './approvals/create-approvals.ts'
export type { Directory, DirectoryRecord } from './approvals/directory.ts'
export {
  type GuardCommandsOptions,
  type GuardedFlags,
  guardFlagCommands,
} from './approvals/guard-flag-commands.ts'
export { type ExposureChange, needsApproval } from './approvals/needs-approval.ts'
export type { ApprovalLog } from './approvals/read-approvals.ts'
export {
  type ApprovalCheck,
  type ApprovalDesk,
  type ApprovalSubject,
  type ApprovalUse,
  digestOf,
  type RolloutProposal,
  rolloutSubject,
} from './approvals/subject.ts'
export type {
  BlueGreen,
  BlueGreenEvents,
  CreateBlueGreenOptions,
} from './blue-green/blue-green-contract.ts'
export { createBlueGreen } from './blue-green/create-blue-green.ts'
export type { ArmContext, BlueGreenHooks } from './blue-green/hooks.ts'
export { type BlueGreenOptions, blueGreen } from './blue-green/plan.ts'
export type {
  Checklist,
  ChecklistRequest,
  ChecklistStatus,
  Item,
  ItemRequest,
} from './checklist/checklist.ts'
export {
  type ChecklistFilter,
  type ChecklistLog,
  type Checklists,
  type ChecklistsOptions,
  createChecklists,
  type TickOrder,
} from './checklist/create-checklists.ts'
export { type AfterRollbackOptions, openAfterRollback } from './checklist/open-after-rollback.ts'
export { afterRollback, deploymentChecklists } from './checklist/policy-checklists.ts'
export { stageSubject } from './controller/approval-entry.ts'
export type { RolloutCommands, StartOrder } from './controller/commands.ts'
export {
  createRolloutController,
  type RolloutController,
  type RolloutControllerOptions,
} from './controller/controller.ts'
export type { GateAnswer, GateScene, RunGate } from './controller/gates.ts'
export type { RolloutLog } from './controller/journal.ts'
export type {
  BrakeNotice,
  PendingRollback,
  RolloutEvents,
  RolloutNotice,
} from './controller/rollout-events.ts'
export { type CohortSource, measureCalibration } from './evidence/calibrate.ts'
export { type Evidence, type ObservedTime, readEvidence } from './evidence/evidence.ts'
export {
  type CreateJudge,
  createGuardJudge,
  type GuardJudgeOptions,
  type Judge,
  type JudgeTerms,
  type Look,
  type Scene,
  shareOfAlpha,
} from './evidence/judge.ts'
export { type PolicyGuardsOptions, policyGuards } from './evidence/policy-guards.ts'
export { toExchangeName } from './fleet/exchange-name.ts'
export {
  createFleetSource,
  type FleetSource,
  type FleetSourceOptions,
} from './fleet/fleet-source.ts'
export type { ProcessIdentity } from './fleet/health-report.ts'
export { createLease, type Lease, type LeaseOptions } from './fleet/lease.ts'
export { type RolloutBoard, readRolloutBoard, rolloutLease } from './fleet/rollout-board.ts'
export { type ShareHealthOptions, shareHealth } from './fleet/share-health.ts'
export { type ShareVerdictsOptions, shareVerdicts } from './fleet/share-verdicts.ts'
export { type Forecast, forecast, type StageForecast } from './forecast/forecast.ts'
export type { RatioForecast } from './forecast/ratio-forecast.ts'
export type { ForecastTraffic } from './forecast/traffic.ts'
export type { EnvironmentPoint } from './lifecycle/environment-point.ts'
export {
  type FlagLifecycle,
  type LifecycleInput,
  type LifecyclePoint,
  lifecycleOf,
} from './lifecycle/lifecycle.ts'
export type { NextStep } from './lifecycle/next-step.ts'
export { type CanaryOptions, type CanaryPlan, canary, type Plan, type Stage } from './plan/plan.ts'
export { checkPlanFor, parsePlan } from './plan/plan-schema.ts'
export { defaultPolicy } from './policy/default-policy.ts'
export { definePolicy, type PolicyOverrides, parsePolicy } from './policy/define-policy.ts'
export { defaultHealthPolicy, type HealthPolicy } from './policy/health-policy.ts'
export type { ApprovalType, Policy, PromotionRequirement, Trigger } from './policy/policy.ts'
export { policyReferences } from './policy/policy-references.ts'
export { createProcedure } from './procedure/create-procedure.ts'
export type { ProcedureNotice } from './procedure/event.ts'
export type {
  Procedure,
  ProcedureEvents,
  ProcedureLog,
  ProcedureOptions,
} from './procedure/procedure-contract.ts'
export {
  isProcedureOver,
  type ProcedurePhase,
  type ProcedureState,
  type ProcedureTerms,
  type StepPhase,
  type StepState,
  type UndoDecision,
} from './procedure/state.ts'
export { parseProcedureState } from './procedure/state-schema.ts'
export {
  type Recorded,
  recordWith,
  type Step,
  type StepContext,
  type StepOutcome,
  type UndoContext,
  type Waiting,
  waitFor,
} from './procedure/step.ts'
export { createPromotion } from './promotion/create-promotion.ts'
export type {
  EnvironmentStatus,
  Promotion,
  PromotionEnvironment,
  PromotionOptions,
  Requirement,
} from './promotion/promotion-contract.ts'
export type {
  PromotionAnswer,
  PromotionCheck,
  PromotionScene,
} from './promotion/run-checks.ts'
export type { Finding } from './promotion/soak.ts'
export { soakPlan } from './promotion/soak-plan.ts'
export {
  createRollingUpdate,
  type RollingUpdate,
  type RollingUpdateEvents,
  type RollingUpdateOptions,
} from './rolling/create-rolling-update.ts'
export type { InstanceContext, RollingHooks } from './rolling/hooks.ts'
export { type RollingOptions, type RollingPlan, rolling } from './rolling/plan.ts'
export type { Router } from './router.ts'
export type { BrakeSource } from './steer/brake.ts'
export { type SteeringLog, type SteerOptions, steerTraffic } from './steer/steer-traffic.ts'
export type { Steering, SteeringEvents } from './steer/steering.ts'
export { parseTrafficRecord, type TrafficRecord, trafficKey } from './steer/traffic-record.ts'
export { begin, type RolloutRequest } from './transition/begin.ts'
export { type Decision, decide } from './transition/decide.ts'
export type { EntryAnswer, EntryTerms } from './transition/entry.ts'
export type {
  Effect,
  Notice,
  Order,
  Refusal,
  RolloutEvent,
  TickEvent,
  Transition,
} from './transition/event.ts'
export { type RollbackTimeline, rollbackTimeline } from './transition/rollback-timeline.ts'
export type {
  Aborted,
  AwaitingApproval,
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
} from './transition/state.ts'
export { isActive, isOpen, isRolloutOver } from './transition/state.ts'
export { parseRolloutState } from './transition/state-schema.ts'
export { transition } from './transition/transition.ts'
