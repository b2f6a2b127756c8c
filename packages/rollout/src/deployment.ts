/**
 * Deployments as steps that outlive a crash: checks, backup, migrations, switch, announcement, and the way back.
 *
 * @module
 */

export {
  type Announcement,
  type Announcer,
  createAnnouncement,
} from './deployment/announcement.ts'
export {
  logAnnouncer,
  textAnnouncer,
  type WebhookAnnouncerOptions,
  webhookAnnouncer,
} from './deployment/announcers.ts'
export { createDeployment } from './deployment/create-deployment.ts'
export type {
  BackupHooks,
  Check,
  Deployment,
  DeploymentEvents,
  DeploymentHooks,
  DeploymentLog,
  DeploymentOptions,
  DeploymentOverrun,
  DeploymentStep,
  Hook,
  HookResult,
  MigrationHooks,
  StepLimits,
} from './deployment/deployment-contract.ts'
export { type DeploymentEvent, deploymentEvent } from './deployment/deployment-event.ts'
export { type CiRun, deploymentFromCi, type Variables } from './deployment/from-ci.ts'
export {
  type HotfixPhase,
  type HotfixTimeline,
  hotfixTimeline,
} from './deployment/hotfix-timeline.ts'
export type { Logger } from './deployment/logger.ts'
export { type DeploymentTimeline, deploymentTimeline } from './deployment/rollback-timeline.ts'
export {
  type Attestation,
  type DeploymentTerms,
  deploymentKey,
  deploymentSubject,
  type HotfixTimes,
  type RollbackPlan,
} from './deployment/terms.ts'
export {
  shouldDeploy,
  type TriggerAnswer,
  type TriggerQuestion,
  triggersFor,
} from './deployment/triggers.ts'
export type { Finding, HookAnswer } from './finding.ts'
