import type { Clock, Replica } from '@sluice/stores'
import type { StartOrder } from '../controller/commands.ts'
import type { RolloutController } from '../controller/controller.ts'
import { assertDone, assertHealthy } from '../finding.ts'
import { finalError } from '../procedure/final-error.ts'
import type { ProcedureState } from '../procedure/state.ts'
import { recordWith, type Step, type StepContext, waitFor } from '../procedure/step.ts'
import type { Steering } from '../steer/steering.ts'
import { isActive, isOpen, type RolloutState } from '../transition/state.ts'
import { assertWanted } from '../wanted.ts'
import { type TrafficBooks, withSidesChanged, withVersion } from './books.ts'
import { finish } from './finish.ts'
import type { BlueGreenHooks } from './hooks.ts'
import { type BlueGreenInput, readInput } from './input.ts'

/** What the steps are made of. */
export interface BlueGreenStepsOptions {
  readonly replica: Replica
  readonly environment: string
  readonly service: string
  readonly hooks: BlueGreenHooks
  readonly books: TrafficBooks
  readonly controller: RolloutController
  readonly steering: Steering
  readonly clock: Clock
  readonly actor: string
  readonly warmUpMs: number
  /** The longest that the rollout's own plan takes if all goes well. */
  readonly plannedMs: number
  readonly hookTimeoutMs: number
  readonly tickMs: number
  /** Whether this process can look approvals up. */
  readonly hasApprovals: boolean
  /** The procedure as it stands in the log. */
  readonly state: () => ProcedureState | undefined
  readonly tellError: (error: unknown) => void
}

/** A race for the log, or a router that restarts, is over after the third try. */
const retries = 3

/**
 * The steps of a blue-green deployment, in order. Up to `change_sides` each has its way back; from `decommission` on there is
 * nothing to go back to, and no way back moves traffic any more.
 */
export function blueGreenSteps(options: BlueGreenStepsOptions): Step[] {
  const { replica, environment, service, hooks, books, controller, steering } = options
  const { clock, actor, warmUpMs, plannedMs, hookTimeoutMs, tickMs, hasApprovals } = options

  /** Safe to touch: the log gives the arm nothing, and the router says that it has none of it. */
  async function assertIdle(arm: string, signal: StepContext['signal']): Promise<void> {
    const { live } = books.read()
    if (live === arm || books.idlePercent() > 0) {
      throw finalError('arm_in_use', `${arm} of ${service} has traffic: it is not touched.`)
    }
    await steering.settled()
    assertWanted(signal)
  }

  async function write(
    action: string,
    reason: string,
    changes: Parameters<Replica['commit']>[0]['changes'],
  ) {
    await replica.commit(
      { actor, action, reason, environment, changes },
      { dependsOn: [books.trafficKey, books.exposureKey] },
    )
  }

  /** The rollout of this very run; another one is none of its business. */
  function ownRollout(id: string): RolloutState | undefined {
    const { state } = controller
    return state?.reason.endsWith(mark(id)) ? state : undefined
  }

  /** Nothing is left of the old arm to go back to. */
  function isPastReturn(): boolean {
    const step = options.state()?.steps.find(({ name }) => name === 'decommission')
    return step !== undefined && step.phase !== 'pending' && step.phase !== 'skipped'
  }

  function failIfGoneBack(state: RolloutState | undefined): void {
    if (state === undefined) throw finalError('no_rollout', `The rollout of ${service} is gone.`)
    if (isActive(state) && 'rollback' in state === false) return
    if (state.phase === 'completed') return
    const because = 'rollback' in state ? state.rollback.because : 'it was aborted'
    const detectedAt = 'rollback' in state ? state.rollback.detectedAt : undefined
    throw finalError('switched_back', `${service} went back: ${because}`, detectedAt)
  }

  const armOf = (context: StepContext, arm: string, version: string) =>
    [arm, { version, ...pick(context) }] as const

  return [
    {
      name: 'deploy',
      timeoutMs: hookTimeoutMs,
      async run(context) {
        const { idle, version } = readInput(context.input)
        await assertIdle(idle, context.signal)
        const record = books.read()
        // What is half replaced is no version: a crash must not leave the old one's name there.
        if (record.versions[idle] !== undefined) {
          const change = books.toRecord(withVersion(record, idle, undefined))
          await write('clear_arm', `${version} is being deployed to ${idle}`, [change])
          assertWanted(context.signal)
        }
        await assertDone('deploy', hooks.deploy(...armOf(context, idle, version)))
        const change = books.toRecord(withVersion(books.read(), idle, version))
        return recordWith({ changes: [change], dependsOn: [books.trafficKey] })
      },
      async undo(context) {
        const { idle, version } = readInput(context.input)
        if (isPastReturn() || books.read().live === idle) return
        await untilRolloutOver(context.signal)
        await assertIdle(idle, context.signal)
        if (hooks.decommission === undefined) return
        // Without a version it gets no traffic, whoever would send it some while it is taken down.
        if (books.read().versions[idle] !== undefined) {
          const change = books.toRecord(withVersion(books.read(), idle, undefined))
          await write('clear_arm', `${version} goes back: ${context.because}`, [change])
          assertWanted(context.signal)
        }
        const taken = hooks.decommission(...armOf(context, idle, version))
        await assertDone('decommission', taken)
      },
    },
    {
      name: 'smoke_test',
      timeoutMs: hookTimeoutMs,
      skipBecause: () => (hooks.smokeTest ? undefined : 'there is no smoke test'),
      async run(context) {
        const { idle, version } = readInput(context.input)
        await assertHealthy('smokeTest', hooks.smokeTest?.(...armOf(context, idle, version)))
      },
    },
    {
      name: 'warm_up',
      timeoutMs: hookTimeoutMs,
      async run(context) {
        const { idle, version } = readInput(context.input)
        if (context.memo === 'warm') return undefined
        await assertDone('warmUp', hooks.warmUp?.(...armOf(context, idle, version)))
        return warmUpMs > 0 ? waitFor(warmUpMs, `${idle} warms up`, 'warm') : undefined
      },
    },
    {
      name: 'switch',
      retries,
      async run(context) {
        const input = readInput(context.input)
        if (ownRollout(context.id) === undefined) {
          if (lacksApprovals(context)) {
            return waitFor(plannedMs, `${service} waits for a process that has its approvals`)
          }
          await controller.start(orderOf(context, input))
          await takeBackIfLate(context)
        }
        const state = ownRollout(context.id)
        failIfGoneBack(state)
        if (state?.phase === 'awaiting_approval') {
          return waitFor(plannedMs, `${service} waits for approval`)
        }
        await steering.settled()
        return undefined
      },
      isReady(context) {
        const phase = ownRollout(context.id)?.phase
        return phase === undefined ? !lacksApprovals(context) : phase !== 'awaiting_approval'
      },
      undoTimeoutMs: hookTimeoutMs,
      async undo({ id, input, because }) {
        const { idle, version } = readInput(input)
        if (isPastReturn() || books.read().live === idle) return
        const own = ownRollout(id)
        if (own !== undefined && (isOpen(own) || own.phase === 'awaiting_approval')) {
          await controller.rollBack({ actor, reason: because })
        }
        // A rollout that is over does not move the exposure any more.
        if (books.idlePercent() > 0) {
          await write('switch_back', `${version} goes back: ${because}`, [books.toExposure(0)])
        }
        await steering.settled()
      },
    },
    {
      name: 'monitor',
      async run({ id }) {
        const state = ownRollout(id)
        failIfGoneBack(state)
        if (state?.phase === 'completed') return undefined
        return waitFor(plannedMs, `${service} is monitored`)
      },
      isReady({ id }) {
        const state = ownRollout(id)
        return state === undefined || !isActive(state) || 'rollback' in state
      },
    },
    {
      name: 'change_sides',
      retries,
      async run({ id, input }) {
        const { idle } = readInput(input)
        const record = books.read()
        if (record.live === idle) return undefined
        if (ownRollout(id)?.phase !== 'completed' || books.idlePercent() !== 100) {
          throw finalError(
            'exposure_moved',
            `${idle} does not have all the traffic of ${service}: somebody moved it.`,
          )
        }
        // One commit, and the same traffic before and after it.
        return recordWith({
          changes: [books.toRecord(withSidesChanged(record)), books.toExposure(0)],
          dependsOn: [books.trafficKey, books.exposureKey],
        })
      },
      async undo({ input, because }) {
        const { idle, version } = readInput(input)
        const record = books.read()
        if (isPastReturn() || record.live !== idle) return
        const changes = [books.toRecord(withSidesChanged(record)), books.toExposure(100)]
        await write('change_sides', `${version} goes back: ${because}`, changes)
      },
    },
    {
      name: 'decommission',
      skipBecause: () => (hooks.decommission ? undefined : 'the old arm stays up'),
      // The hook's own limit comes first.
      timeoutMs: hookTimeoutMs * 2,
      async run(context) {
        const { live: old } = readInput(context.input)
        const record = books.read()
        const version = record.versions[old]
        if (version === undefined) return undefined
        const takeDown = async () => {
          await assertIdle(old, context.signal)
          await assertDone('decommission', hooks.decommission?.(...armOf(context, old, version)))
        }
        return finish(context, takeDown, {
          ...{ clock, limitMs: hookTimeoutMs, tellError: options.tellError },
          done: () => {
            const change = books.toRecord(withVersion(books.read(), old, undefined))
            return recordWith({ changes: [change], dependsOn: [books.trafficKey] })
          },
        })
      },
    },
  ]

  /** It would start the rollout without asking anybody. */
  function lacksApprovals({ input }: Pick<StepContext, 'input'>): boolean {
    return readInput(input).type !== undefined && !hasApprovals
  }

  function orderOf({ id }: StepContext, { version, live, idle, type }: BlueGreenInput): StartOrder {
    const state = options.state()
    const why = state?.reason ?? 'a deployment'
    return {
      actor: state?.startedBy ?? actor,
      reason: `${version} on ${idle} takes over from ${live}: ${why} ${mark(id)}`,
      ...(state?.ticket === undefined ? {} : { ticket: state.ticket }),
      ...(type === undefined ? {} : { type }),
    }
  }

  /** A process that was away for a while may begin the rollout of a run that has gone back meanwhile. */
  async function takeBackIfLate({ id, signal }: StepContext): Promise<void> {
    if (!signal.aborted) return
    const { id: current, phase } = options.state() ?? {}
    const goesOn = current === id && (phase === 'running' || phase === 'waiting')
    if (!goesOn) await controller.rollBack({ actor, reason: `${id} had gone back before` })
    assertWanted(signal)
  }

  /** Requests that are under way on the arm end there before it is taken down. */
  async function untilRolloutOver(signal: AbortSignal): Promise<void> {
    while (controller.state !== undefined && isActive(controller.state)) {
      await controller.tick()
      assertWanted(signal)
      await new Promise<void>((resolve) => {
        clock.after(tickMs, resolve, { keepsAlive: true })
      })
    }
  }
}

/** By which a rollout is known to be of a run, whichever process carries on. */
function mark(id: string): string {
  return `(${id})`
}

function pick({ idempotencyKey, attempt, signal }: StepContext) {
  return { idempotencyKey, attempt, signal }
}
