import { type Json, SluiceError } from '@sluice/core'
import { type Clock, createEmitter, type Replica, systemClock } from '@sluice/stores'
import type { ApprovalDesk, ApprovalSubject } from '../approvals/subject.ts'
import type { StartOrder } from '../controller/commands.ts'
import { approvalTypeOf, findApprovalType } from '../controller/controller-options.ts'
import { checkEnvironment, checkName, checkVersion } from '../names.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { createProcedure } from '../procedure/create-procedure.ts'
import type { ProcedureNotice } from '../procedure/event.ts'
import { isProcedureOver, type ProcedureState } from '../procedure/state.ts'
import type { Order } from '../transition/event.ts'
import { rollingApproval, rollingSubject } from './approval.ts'
import type { RollingHooks } from './hooks.ts'
import { entryOf, type InstanceEntries, openInstanceBook } from './instance-book.ts'
import { parseRollingPlan, type RollingPlan, rolling, toBatches } from './plan.ts'
import { type RollingInput, readRollingInput, rollingSteps } from './rolling-steps.ts'
import { createInstanceWork } from './update-instance.ts'

/** What a rolling update is made of. */
export interface RollingUpdateOptions {
  readonly replica: Replica
  readonly environment: string
  readonly service: string
  /** In the order in which they are updated; each once, at least one. */
  readonly instances: readonly string[]
  readonly hooks: RollingHooks
  /** Default: {@link rolling} of the policy. */
  readonly plan?: RollingPlan
  readonly policy?: Policy
  /**
   * Who knows what is approved. With it, an update in an environment of `policy.approvals.requiredIn` waits for approval before
   * it touches an instance; see {@link RollingUpdate.subjectOf}. Default: none; no update asks.
   */
  readonly approvals?: ApprovalDesk
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Default 1,000. */
  readonly tickMs?: number
  /** How long a hook other than the check may take, in milliseconds. Default 600,000. */
  readonly hookTimeoutMs?: number
  /** Names this process; one that keeps its name takes up its own work at once. Default: random. */
  readonly processId?: string
  /** Who the log names for what happens by itself. Default `rolling`. */
  readonly actor?: string
}

/** What a rolling update tells. */
export interface RollingUpdateEvents {
  /** A batch began, ended, failed, went back; once it is durable. */
  event: (notice: ProcedureNotice) => void
  state: (state: ProcedureState) => void
  error: (error: unknown) => void
}

/** Brings versions onto the instances of a service, a batch at a time. */
export interface RollingUpdate {
  /** What runs on each instance, as far as the log knows. */
  readonly instances: InstanceEntries
  /** The batches of the latest run. */
  readonly state: ProcedureState | undefined
  /**
   * Begins to bring a version onto every instance; `run` does it. The same version again changes nothing, while it goes on and
   * when it is everywhere.
   *
   * @param order.from What runs now on instances of which the log does not know it.
   * @param order.type Who approves it, where the environment asks for that: a key of `policy.approvals.types`. Default `minor`.
   * @throws SluiceError `invalid_option` for what names no version, or no type of the policy; `no_version_before`;
   * `procedure_differs` while another version is under way, or this one under another type.
   */
  start(
    order: StartOrder & { readonly version: string; readonly from?: string },
  ): Promise<ProcedureState>
  /**
   * What approval an update to a version waits for: the service, the version, the plan and the instances. Ask for it before or
   * after `start`; each is good for one update.
   *
   * @param type As in `start`.
   * @throws SluiceError `invalid_option`.
   */
  subjectOf(version: string, type?: string): ApprovalSubject
  /**
   * Stops where it is and goes back, the last instance first; also after it succeeded, and again where it failed to. It waits
   * for no approval.
   *
   * @throws SluiceError `no_procedure`; `procedure_over` where it went back already.
   */
  rollBack(order: Order): Promise<ProcedureState>
  /** Works until `stop`; what stands in the log is taken up where it is. */
  run(): void
  /** Works until it is over, waits, or another process works on it. */
  resume(options?: { readonly takeOver?: boolean }): Promise<ProcedureState>
  stop(): Promise<void>
  on<Name extends keyof RollingUpdateEvents>(
    name: Name,
    listener: RollingUpdateEvents[Name],
  ): () => void
}

const defaultTickMs = 1_000
/** A rolling plan names no approvals of its own. */
const noStages = { stages: [] }
/** A deployment of an instance takes minutes. */
const defaultHookTimeoutMs = 600_000

/**
 * Creates the rolling update of a service (P15). It does nothing by itself until `run`.
 *
 * An instance that does not become healthy, or does not stay so, stops the update, and those that were updated go back to the
 * version before. Where one cannot go back, it is tried again, and then the update is `failed` and says which are left:
 * the others are not touched, so that no more are out of service than the plan allows.
 *
 * @throws SluiceError `invalid_option` with pointer, expected and found; `invalid_plan`.
 */
export function createRollingUpdate(options: RollingUpdateOptions): RollingUpdate {
  const { replica, environment, service, instances, hooks, clock = systemClock } = options
  const { policy = defaultPolicy, tickMs = defaultTickMs, actor = 'rolling' } = options
  const { hookTimeoutMs = defaultHookTimeoutMs, processId, approvals } = options
  const plan = parseRollingPlan(options.plan ?? rolling({}, policy))
  checkEnvironment(environment)
  checkName(service, '/service')
  checkInstances(instances, plan)
  const events = createEmitter<RollingUpdateEvents>((_, cause) => events.tell('error', cause))
  const book = openInstanceBook(replica, { environment, service, actor })
  const batchCount = toBatches(instances, plan).length
  const procedure = createProcedure({
    ...{ replica, environment, clock, actor, tickMs },
    ...(processId === undefined ? {} : { processId }),
    key: `procedure/rolling/${environment}/${service}`,
    steps: [
      rollingApproval({ environment, service }, approvals),
      ...rollingSteps(batchCount, createInstanceWork({ hooks, book, clock, hookTimeoutMs })),
    ],
  })
  procedure.on('event', (notice) => events.tell('event', notice))
  procedure.on('state', (state) => events.tell('state', state))
  procedure.on('error', (error) => events.tell('error', error))

  function versionsBefore(from: string | undefined): Record<string, string> {
    const known = book.read()
    const entries = instances.map((instance) => {
      const version = entryOf(known, instance)?.version ?? from
      if (version !== undefined) return [instance, version] as const
      throw new SluiceError(
        'no_version_before',
        `The log does not know what runs on ${instance} of ${service}: say so with from, for that is what it goes back to.`,
        { pointer: '/from', expected: 'a version', found: 'nothing' },
      )
    })
    return Object.fromEntries(entries)
  }

  function isEverywhere(version: string): boolean {
    const known = book.read()
    return instances.every((instance) => {
      const entry = entryOf(known, instance)
      return entry?.version === version && !entry.isOut
    })
  }

  /** One that an earlier update left out comes first: beside it, another one would be one too many. */
  function outFirst(): readonly string[] {
    const known = book.read()
    const isOut = (instance: string) => entryOf(known, instance)?.isOut === true
    return [...instances].sort((a, b) => Number(isOut(b)) - Number(isOut(a)))
  }

  return {
    get instances() {
      return book.read()
    },
    get state() {
      return procedure.state
    },

    async start({ version, from, type, ...order }) {
      checkVersion(version)
      const approval = findApprovalType({ environment, approvals }, noStages, policy, type)
      if (from !== undefined) checkVersion(from, '/from')
      await replica.refresh()
      const before = procedure.state
      if (before !== undefined && !isProcedureOver(before)) {
        // While it goes on only what is said matters: what ran before is what it was at the start.
        const said = type !== undefined && approval !== undefined ? { type: approval } : {}
        const input = { ...readRollingInput(before.input), version, ...said }
        return procedure.start({ ...order, input: toJson(input), again: true })
      }
      if (before?.phase === 'succeeded' && isEverywhere(version)) return before
      const input = {
        ...{ version, batches: toBatches(outFirst(), plan), before: versionsBefore(from), plan },
        ...(approval === undefined ? {} : { type: approval }),
      }
      // Those that the update never reaches are known by the next one, too.
      await book.adopt(input.before, order)
      return procedure.start({ ...order, input: toJson(input), again: before !== undefined })
    },

    subjectOf(version, type) {
      checkVersion(version)
      const proposal = { environment, service, version, plan, instances }
      return rollingSubject(proposal, approvalTypeOf(policy, type, undefined))
    },

    rollBack: (order) => procedure.rollBack(order),
    run: procedure.run,
    resume: procedure.resume,
    stop: procedure.stop,
    on: events.on,
  }
}

function checkInstances(instances: readonly string[], { maxUnavailable }: RollingPlan): void {
  if (instances.length === 0) throw refuse('/instances', 'at least one instance', 'none')
  for (const [index, name] of instances.entries()) checkName(name, `/instances/${index}`)
  const twice = instances.findIndex((name, index) => instances.indexOf(name) !== index)
  if (twice >= 0) {
    throw refuse(`/instances/${twice}`, 'each instance once', String(instances[twice]))
  }
  // One alone cannot be updated without being out; of several one must always serve.
  if (instances.length > 1 && maxUnavailable >= instances.length) {
    const expected = `less than the ${instances.length} instances there are`
    throw refuse('/plan/maxUnavailable', expected, String(maxUnavailable))
  }
}

/** Plain data by its type. */
function toJson(input: RollingInput): Json {
  return input as unknown as Json
}

function refuse(pointer: string, expected: string, found: string): SluiceError {
  return new SluiceError(
    'invalid_option',
    `The rolling update is refused at ${pointer}: expected ${expected}, found ${found}.`,
    { pointer, expected, found },
  )
}
