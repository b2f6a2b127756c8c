import type { Guard, MetricSource } from '@sluice/guards'
import type { Clock, Replica } from '@sluice/stores'
import type { ApprovalDesk, ApprovalSubject } from '../approvals/subject.ts'
import type { StartOrder } from '../controller/commands.ts'
import type { RolloutController } from '../controller/controller.ts'
import type { CreateJudge } from '../evidence/judge.ts'
import type { Lease } from '../fleet/lease.ts'
import type { Plan } from '../plan/plan.ts'
import type { Policy } from '../policy/policy.ts'
import type { ProcedureNotice } from '../procedure/event.ts'
import type { ProcedureState } from '../procedure/state.ts'
import type { Router } from '../router.ts'
import type { Steering } from '../steer/steering.ts'
import type { TrafficRecord } from '../steer/traffic-record.ts'
import type { Order } from '../transition/event.ts'
import type { BlueGreenHooks } from './hooks.ts'
import type { blueGreen } from './plan.ts'

/** What a blue-green deployment is made of. */
export interface CreateBlueGreenOptions {
  readonly replica: Replica
  readonly environment: string
  readonly service: string
  /** Its arms are those of the traffic record. */
  readonly router: Router
  readonly hooks: BlueGreenHooks
  /** They compare the new arm (`canary`) with the old one (`stable`). Without one it is only moved on by `promote`. */
  readonly guards?: readonly Guard[]
  /** Counts of the roles `stable` and `canary`; see {@link BlueGreen.roleOf}. */
  readonly source?: MetricSource
  /** Default: {@link blueGreen} of the policy. */
  readonly plan?: Plan
  readonly policy?: Policy
  /**
   * Asked before the switch, for the version that is on the idle arm; see the rollout controller's and
   * {@link BlueGreen.subjectOf}.
   */
  readonly approvals?: ApprovalDesk
  /** Spares the guards' work, and shares of alpha, where other processes run this too; see the rollout controller's. */
  readonly lease?: Lease
  /** The most a healthy version is sent back by chance. Default 0.01. */
  readonly alpha?: number
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Default 1,000. */
  readonly tickMs?: number
  /** Between comparisons of the router with the log, in milliseconds. Default 5,000. */
  readonly steerEveryMs?: number
  /** How long a hook may take, in milliseconds. Default 600,000. */
  readonly hookTimeoutMs?: number
  /** Names this process; one that keeps its name takes up its own work at once. Default: random. */
  readonly processId?: string
  /** Who the log names for what happens by itself. Default `blue_green`. */
  readonly actor?: string
  /** Instead of guards over the source, such as a script in a test. */
  readonly judge?: CreateJudge
}

/** What a blue-green deployment tells. */
export interface BlueGreenEvents {
  /** A step began, ended, failed, went back; once it is durable. */
  event: (notice: ProcedureNotice) => void
  state: (state: ProcedureState) => void
  /** Something failed and is tried again, or is left; also what the router and the rollout tell. */
  error: (error: unknown) => void
}

/** Deploys versions of a service to the arm that is not live, switches, and switches back. */
export interface BlueGreen {
  /** Which arm is live and what runs where; undefined before {@link BlueGreen.adopt}. */
  readonly record: TrafficRecord | undefined
  /** The steps of the latest run. */
  readonly state: ProcedureState | undefined
  /** The rollout that moves the traffic: its state, verdicts and commands (`pause`, `promote` …). */
  readonly controller: RolloutController
  /** What makes the router follow. */
  readonly steering: Steering
  /** Which role an arm has now: what it serves is to be counted under that. */
  roleOf(arm: string): 'stable' | 'canary' | undefined
  /**
   * Says once which arm serves now, and which version it runs; it moves nothing. The same again changes nothing.
   *
   * @throws SluiceError `already_adopted` where the log says otherwise; `invalid_option` for what names no arm or version.
   */
  adopt(
    order: Order & { readonly live: string; readonly idle: string; readonly version: string },
  ): Promise<TrafficRecord>
  /**
   * Begins to bring a version onto the idle arm and to switch to it; `run` does it. The same version again changes nothing,
   * while it goes on and when it is live.
   *
   * @param order.type Who approves it, where the environment asks for that: a key of `policy.approvals.types`. Default `minor`,
   * or what the plan's first stage names.
   * @throws SluiceError `invalid_option` for what names no version, or no type of the policy; `no_traffic_record`;
   * `procedure_differs` while another version is under way, or this one under another type; `rollout_exists` while somebody
   * moves the service's traffic by a rollout.
   */
  start(order: StartOrder & { readonly version: string }): Promise<ProcedureState>
  /**
   * What approval the switch to a version waits for: the service, the version, the plan, the guards and alpha. Ask for it
   * before or after `start`; each is good for one switch.
   *
   * @param type As in `start`.
   * @throws SluiceError `invalid_option`.
   */
  subjectOf(version: string, type?: string): ApprovalSubject
  /**
   * Switches back, at any moment until the old arm is being taken down: traffic first, then the rest.
   *
   * @throws SluiceError `no_procedure`; `procedure_over` where it went back already; `old_arm_gone`.
   */
  switchBack(order: Order): Promise<ProcedureState>
  /** Steers, looks and works until `stop`; what stands in the log is taken up where it is. */
  run(): void
  /** Works until it is over, waits, or another process works on it. */
  resume(options?: { readonly takeOver?: boolean }): Promise<ProcedureState>
  stop(): Promise<void>
  on<Name extends keyof BlueGreenEvents>(name: Name, listener: BlueGreenEvents[Name]): () => void
}
