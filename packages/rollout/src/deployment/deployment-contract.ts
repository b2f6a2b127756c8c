import type { Json } from '@sluice/core'
import type { Clock, Replica } from '@sluice/stores'
import type { ApprovalDesk, ApprovalSubject } from '../approvals/subject.ts'
import type { Checklists } from '../checklist/create-checklists.ts'
import type { Finding, HookAnswer } from '../finding.ts'
import type { Policy } from '../policy/policy.ts'
import type { ProcedureNotice } from '../procedure/event.ts'
import type { ProcedureState } from '../procedure/state.ts'
import type { Step, StepContext, UndoContext } from '../procedure/step.ts'
import type { Order } from '../transition/event.ts'
import type { Announcer } from './announcement.ts'
import type { HotfixTimeline } from './hotfix-timeline.ts'
import type { Logger } from './logger.ts'
import type { DeploymentTimeline } from './rollback-timeline.ts'
import type { DeploymentTerms } from './terms.ts'

/** A function that looks whether something is well. It fails where it says so; what it throws is a failure, too. */
export type Check = (context: StepContext) => Promise<Finding> | Finding

/** What a hook gives to those after it, if anything. False says that it failed. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that ends without a result is a hook, too.
export type HookResult = Json | undefined | void

/** One thing the application does, and its way back. Both must bear repetition, and have failed where they answer false. */
export interface Hook {
  run(context: StepContext): Promise<HookResult> | HookResult
  undo?(context: UndoContext): HookAnswer
  /** Whether an earlier attempt did it after all. */
  isDone?(context: StepContext): Promise<boolean> | boolean
}

/** How the database changes. A way that answers false has failed. */
export interface MigrationHooks {
  up(context: StepContext): HookAnswer
  /** Needed unless `isReversible` is false. */
  down?(context: StepContext): HookAnswer
  /** Whether it is applied: `up` is left out where it is, `down` where it is not. Without it both must bear repetition. */
  isApplied?(context: StepContext): Promise<boolean> | boolean
  /** Default true. False: the way back is to restore the backup. */
  readonly isReversible?: boolean
}

/** How the database is saved and brought back. */
export interface BackupHooks {
  /** Resolves with where it is. */
  create(context: StepContext): Promise<Json> | Json
  /** Brings it back, and with it everything written since is lost. Needed for a migration that cannot be reversed. */
  restore?(context: UndoContext & { readonly backup: Json }): HookAnswer
}

/** What the application does at each step. A step without a hook is left out, and the log says so. */
export interface DeploymentHooks {
  readonly migration?: MigrationHooks
  readonly backup?: BackupHooks
  /** Brings the version into the environment; `undo` brings the previous one back. */
  readonly deploy?: Hook
  /** By the names of `policy.smokeTests`, and any others (P21). */
  readonly smokeTests?: Readonly<Record<string, Check>>
  /** Sends the users there; `undo` sends them back. */
  readonly switch?: Hook
  /**
   * One look at the health after the switch. What it throws means that nothing could be seen: that time does not count. Only
   * false, or `isHealthy: false`, goes back.
   */
  readonly monitor?: Check
  /** Whether all is well after it went back: the end of the rollback's timeline (P23). */
  readonly verifyRollback?: Check
}

/** The steps of a deployment, in order. */
export type DeploymentStep =
  | 'pre_checks'
  | 'approval'
  | 'claim_environment'
  | 'announce_start'
  | 'rollback_plan'
  | 'rehearse_up'
  | 'rehearse_down'
  | 'backup'
  | 'migrate'
  | 'deploy'
  | 'smoke_test'
  | 'switch'
  | 'monitor'
  | 'announce'

/** How long a step may take, and how often it is tried. */
export type StepLimits = Pick<
  Step,
  'timeoutMs' | 'retries' | 'retryDelayMs' | 'undoTimeoutMs' | 'undoRetries'
>

/** What a deployment needs of the log: a replica, or anything with these of its members. */
export type DeploymentLog = Pick<
  Replica,
  'head' | 'get' | 'entries' | 'revisionOf' | 'refresh' | 'commit' | 'on' | 'status'
>

/** What a deployment is made of. */
export interface DeploymentOptions extends Omit<DeploymentTerms, 'migration'> {
  readonly replica: DeploymentLog
  readonly hooks?: DeploymentHooks
  /** Checks that are run, by the names of `policy.deployment.checks`, and any others; `attestations` are for the rest (P25). */
  readonly checks?: Readonly<Record<string, Check>>
  /** Steps of the application's own, before or after one of these. */
  readonly before?: Readonly<Partial<Record<DeploymentStep, readonly Step[]>>>
  readonly after?: Readonly<Partial<Record<DeploymentStep, readonly Step[]>>>
  readonly limits?: Readonly<Partial<Record<DeploymentStep, StepLimits>>>
  /** Default: `defaultPolicy`. */
  readonly policy?: Policy
  /** Needed where the policy asks for approval. */
  readonly approvals?: ApprovalDesk
  /** pino, console, or anything with these four functions. Default: none. */
  readonly logger?: Logger
  readonly announcers?: readonly Announcer[]
  /** Opens the lists before, during and after, and ticks what its steps prove (P27). */
  readonly checklists?: Pick<Checklists, 'openOnce' | 'tick' | 'skip' | 'status'>
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** The time between two looks of the monitor, in ms. Default 5,000. */
  readonly monitorEveryMs?: number
  /** Names this process in the log's claims. Default: random. */
  readonly processId?: string
}

/** A limit of the policy's timelines that was not kept. */
export interface DeploymentOverrun {
  readonly of: 'rollback' | 'hotfix'
  readonly part: string
  /** What it took so far, in ms. */
  readonly ms: number
  readonly limitMs: number
}

/** What a deployment tells. */
export interface DeploymentEvents {
  /** A change that this process made is durable. */
  event: (notice: ProcedureNotice) => void
  overrun: (overrun: DeploymentOverrun) => void
  state: (state: ProcedureState) => void
  error: (error: unknown) => void
}

/** One version on its way into one environment. */
export interface Deployment {
  /** Its key in the log. */
  readonly key: string
  readonly terms: DeploymentTerms
  /** What is to be approved: hand it to `approvals.request`. */
  readonly subject: ApprovalSubject
  /** As it stands in the log; undefined before the start. */
  readonly state: ProcedureState | undefined
  /** How long its rollback took, beside what the policy allows (P23); undefined where it does not go back. */
  readonly rollback: DeploymentTimeline | undefined
  /** The fast track's clock (P29); undefined for what is no hotfix. */
  readonly hotfix: HotfixTimeline | undefined
  /**
   * Begins it, durably; the work is done by `run` or `resume`. The same one again changes nothing: while it goes on and
   * after it succeeded, the state that stands there is answered (P31).
   *
   * @throws SluiceError `checks_missing`, `smoke_tests_missing`, `approvals_missing`, `rollback_plan_missing`,
   * `rollback_plan_untested`, `backup_missing`, `migration_irreversible`, `unknown_type`; `procedure_over` where it failed or went
   * back, unless `again`; `procedure_differs` where what is deployed under this version is another.
   */
  start(order: Order & { readonly again?: boolean }): Promise<ProcedureState>
  /** Works until it is over, waits, or another process works on it. */
  resume(options?: { readonly takeOver?: boolean }): Promise<ProcedureState>
  cancel(order: Order): Promise<ProcedureState>
  /**
   * Goes back, also after it succeeded. It asks nobody (P12).
   *
   * @throws SluiceError `superseded` where another version was brought there after it; `no_procedure`; `procedure_over`;
   * `already_undoing`; `procedure_changed` where this process lacks a hook and nobody else works on it.
   */
  rollBack(order: Order & { readonly detectedAt?: number }): Promise<ProcedureState>
  run(): void
  stop(): Promise<void>
  on<Name extends keyof DeploymentEvents>(name: Name, listener: DeploymentEvents[Name]): () => void
  off<Name extends keyof DeploymentEvents>(name: Name, listener: DeploymentEvents[Name]): void
}
