import { SluiceError } from '@sluice/core'
import { createEmitter, systemClock } from '@sluice/stores'
import { rolloutSubject } from '../approvals/subject.ts'
import { createRolloutController, defaultAlpha } from '../controller/controller.ts'
import { approvalTypeOf, findApprovalType } from '../controller/controller-options.ts'
import { checkEnvironment, checkName, checkVersion } from '../names.ts'
import { parsePlan } from '../plan/plan-schema.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { createProcedure } from '../procedure/create-procedure.ts'
import { isProcedureOver, type ProcedureState } from '../procedure/state.ts'
import { steerTraffic } from '../steer/steer-traffic.ts'
import type { TrafficRecord } from '../steer/traffic-record.ts'
import { isActive } from '../transition/state.ts'
import { withoutUndefined } from '../without-undefined.ts'
import { approvalsOfArm, withVersionAsked } from './approved-version.ts'
import type { BlueGreen, BlueGreenEvents, CreateBlueGreenOptions } from './blue-green-contract.ts'
import { blueGreenSteps } from './blue-green-steps.ts'
import { openTrafficBooks } from './books.ts'
import { blueGreen } from './plan.ts'

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
    ...withoutUndefined({ source: options.source, judge: options.judge, lease: options.lease }),
  })
  const steering = steerTraffic({
    ...{ replica, environment, service, router, clock, brake: controller },
    ...withoutUndefined({ everyMs: steerEveryMs }),
  })
  const procedure = createProcedure({
    ...{ replica, environment, clock, actor, tickMs },
    ...withoutUndefined({ processId: options.processId }),
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
