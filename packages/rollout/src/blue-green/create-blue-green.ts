import { SluiceError } from '@sluice/core'
import type { Guard, MetricSource } from '@sluice/guards'
import { type Clock, createEmitter, type Replica, systemClock } from '@sluice/stores'
import { type ApprovalDesk, type ApprovalSubject, rolloutSubject } from '../approvals/subject.ts'
import type { StartOrder } from '../commands.ts'
import { createRolloutController, defaultAlpha, type RolloutController } from '../controller.ts'
import { approvalTypeOf, findApprovalType } from '../controller-options.ts'
import type { Order } from '../event.ts'
import type { Lease } from '../fleet/lease.ts'
import type { CreateJudge } from '../judge.ts'
import { checkEnvironment, checkName, checkVersion } from '../names.ts'
import type { Plan } from '../plan.ts'
import { parsePlan } from '../plan-schema.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { createProcedure } from '../procedure/create-procedure.ts'
import type { ProcedureNotice } from '../procedure/event.ts'
import { isProcedureOver, type ProcedureState } from '../procedure/state.ts'
import type { Router } from '../router.ts'
import { isActive } from '../state.ts'
import { steerTraffic } from '../steer/steer-traffic.ts'
import type { Steering } from '../steer/steering.ts'
import type { TrafficRecord } from '../steer/traffic-record.ts'
import { approvalsOfArm, withVersionAsked } from './approved-version.ts'
import { blueGreenSteps } from './blue-green-steps.ts'
import { openTrafficBooks } from './books.ts'
import type { BlueGreenHooks } from './hooks.ts'
import { blueGreen } from './plan.ts'

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

const defaultTickMs = 1_000
/** A deployment of an arm takes minutes. */
const defaultHookTimeoutMs = 600_000

/**
 * Creates the blue-green deployment of a service (P14). It steers the router at once, and does nothing else until `run`.
 *
 * Everything it does stands in the log: the steps as a procedure, the traffic as a rollout of the service whose canary is the
 * idle arm, the roles of the arms as `traffic/<environment>/<service>`. Any process may carry on.
 *
 * @throws SluiceError `invalid_option`, `invalid_plan`, `invalid_guard`.
 */
export function createBlueGreen(options: CreateBlueGreenOptions): BlueGreen {
  const { replica, environment, service, router, hooks, clock = systemClock } = options
  const { policy = defaultPolicy, tickMs = defaultTickMs, actor = 'blue_green' } = options
  const { hookTimeoutMs = defaultHookTimeoutMs, steerEveryMs } = options
  const { guards = [], approvals, alpha = defaultAlpha } = options
  const plan = parsePlan(options.plan ?? blueGreen({}, policy))
  checkEnvironment(environment)
  checkName(service, '/service')
  const events = createEmitter<BlueGreenEvents>((_, cause) => events.tell('error', cause))
  const tellError = (error: unknown) => events.tell('error', error)
  const books = openTrafficBooks(replica, environment, service)
  const controller = createRolloutController({
    ...{ replica, environment, flag: service, plan, policy, clock, tickMs, actor, guards, alpha },
    ...(approvals === undefined ? {} : { approvals: approvalsOfArm(approvals, books) }),
    ...defined({ source: options.source, judge: options.judge, lease: options.lease }),
  })
  const steering = steerTraffic({
    ...{ replica, environment, service, router, clock, brake: controller },
    ...defined({ everyMs: steerEveryMs }),
  })
  const procedure = createProcedure({
    ...{ replica, environment, clock, actor, tickMs },
    ...defined({ processId: options.processId }),
    key: `procedure/blue_green/${environment}/${service}`,
    // Without one of them its step would be left out, and all would seem well.
    parts: optionalHooks.filter((name) => hooks[name] !== undefined),
    steps: blueGreenSteps({
      ...{ replica, environment, service, hooks, books, controller, steering, clock, actor },
      ...{ hookTimeoutMs, tickMs, tellError, hasApprovals: approvals !== undefined },
      warmUpMs: policy.blueGreen.warmUpMs,
      plannedMs: plan.stages.reduce((sum, { monitorMs }) => sum + monitorMs, 0),
      state: () => procedure.state,
    }),
  })
  procedure.on('event', (notice) => events.tell('event', notice))
  procedure.on('state', (state) => events.tell('state', state))
  procedure.on('error', tellError)
  steering.on('error', tellError)
  controller.on('error', tellError)

  function isDecommissioned(state: ProcedureState): boolean {
    const step = state.steps.find(({ name }) => name === 'decommission')
    return step !== undefined && step.phase !== 'pending' && step.phase !== 'skipped'
  }

  function assertReturn(state: ProcedureState | undefined): void {
    if (state === undefined) {
      throw new SluiceError('no_procedure', `No version of ${service} was started here.`)
    }
    if (!isDecommissioned(state)) return
    throw new SluiceError(
      'old_arm_gone',
      `The old arm of ${service} is being taken down, or is: there is nothing to switch back to. Start the version before anew.`,
    )
  }

  return {
    get record() {
      return books.find()
    },
    get state() {
      return procedure.state
    },
    controller,
    steering,

    roleOf(arm) {
      const record = books.find()
      if (arm === record?.live) return 'stable'
      return arm === record?.idle ? 'canary' : undefined
    },

    async adopt({ live, idle, version, ...order }) {
      checkArms(live, idle)
      checkVersion(version)
      await replica.refresh()
      const found = books.find()
      const record: TrafficRecord = { schema: 1, live, idle, versions: { [live]: version } }
      if (found === undefined) {
        await replica.commit(
          {
            ...{ ...order, action: 'adopt_traffic', environment },
            changes: [books.toRecord(record), books.toExposure(0)],
          },
          { dependsOn: [books.trafficKey, books.exposureKey] },
        )
        return books.read()
      }
      if (found.live === live && found.versions[live] === version) return found
      throw new SluiceError(
        'already_adopted',
        `${service} has a traffic record already: ${found.live} is live with ${found.versions[found.live]}. Deploy another version with start.`,
        { expected: `${found.live} ${found.versions[found.live]}`, found: `${live} ${version}` },
      )
    },

    async start({ version, type, ...order }) {
      checkVersion(version)
      const approval = findApprovalType({ environment, approvals }, plan, policy, type)
      await replica.refresh()
      const { live, idle, versions } = books.read()
      const before = procedure.state
      const isUnderWay = before !== undefined && !isProcedureOver(before)
      if (!isUnderWay) {
        if (before?.phase === 'succeeded' && versions[live] === version) return before
        if (controller.state !== undefined && isActive(controller.state)) {
          throw new SluiceError(
            'rollout_exists',
            `A rollout of ${service} is ${controller.state.phase}: wait for its end, or end it.`,
          )
        }
      }
      const again = before !== undefined
      const begun = isUnderWay ? Object(before.input) : { live, idle }
      // While it goes on it keeps its type, but for somebody who says another one.
      const isSaid = approval !== undefined && (!isUnderWay || type !== undefined)
      const input = { ...begun, version, ...(isSaid ? { type: approval } : {}) }
      return procedure.start({ ...order, input, again })
    },

    subjectOf(version, type) {
      checkVersion(version)
      const needed = approvalTypeOf(policy, type, plan.stages[0]?.approval)
      const proposal = { flag: service, environment, plan, guards, alpha }
      return withVersionAsked(rolloutSubject(proposal, needed), version)
    },

    async switchBack(order) {
      await replica.refresh()
      assertReturn(procedure.state)
      const rollout = controller.state
      if (rollout !== undefined && isActive(rollout)) {
        // It may have gone back a moment ago.
        await controller.rollBack(order).catch(ignore(['rolling_back', 'rollout_over']))
      }
      await procedure.rollBack(order).catch(ignore(['already_undoing']))
      assertReturn(procedure.state)
      return procedure.state as ProcedureState
    },

    run() {
      controller.run()
      procedure.run()
    },
    resume: procedure.resume,

    async stop() {
      await procedure.stop()
      await controller.stop()
      await steering.close()
    },
    on: events.on,
  }
}

const optionalHooks = ['smokeTest', 'warmUp', 'decommission'] as const

function checkArms(live: string, idle: string): void {
  checkName(live, '/live')
  checkName(idle, '/idle')
  if (live !== idle) return
  const message = `What is live and what is idle are two arms, not ${idle} alone.`
  const details = { pointer: '/idle', expected: 'another arm', found: idle }
  throw new SluiceError('invalid_option', message, details)
}

/** Swallows the refusals that say: it is so already. */
function ignore(codes: readonly string[]) {
  return (error: unknown): undefined => {
    if (codes.includes(String((Object(error) as { code?: unknown }).code))) return undefined
    throw error
  }
}

/** Without what was not given: an absent option is not one that is undefined. */
function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
