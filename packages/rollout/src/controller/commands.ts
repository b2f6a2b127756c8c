import { SluiceError } from '@sluice/core'
import { type DeclaredCondition, declaredConditions, type Verdict } from '@sluice/guards'
import type { Clock } from '@sluice/stores'
import type { Order, Transition } from '../transition/event.ts'
import type { Command } from '../transition/orders.ts'
import { isActive, isOpen, type RolloutState } from '../transition/state.ts'
import { transition } from '../transition/transition.ts'
import type { Apply } from './apply.ts'
import { confirmRollback } from './confirm.ts'
import type { Findings, Gatekeeper } from './gates.ts'
import type { Reading, RolloutLog } from './journal.ts'
import type { Withdraw, Withdrawal } from './withdraw.ts'

/** What is said when a rollout is started. */
export interface StartOrder extends Order {
  /** What kind of change it is, a key of `policy.approvals.types`: who approves it, and how long before. Default `minor`. */
  readonly type?: string
}

/**
 * What people may ask of a rollout. Each resolves, with the state in the log, when it is durable.
 *
 * All reject with a SluiceError: `no_rollout`, `rollout_over`, `rolling_back` where it comes too
 * late, `conflict`, and whatever the store throws.
 */
export interface RolloutCommands {
  /**
   * Begins the plan at its first stage; where that needs an approval or a gate that is not there yet, it waits for it as
   * `awaiting_approval` and exposes nobody meanwhile.
   *
   * @throws SluiceError `rollout_exists` while one is active on the flag; `invalid_plan` where the
   * plan is too bold for the environment; `not_calibrated` where its subjects were to be counted before and none was,
   * `look_timeout` where nobody said so in ten seconds; `invalid_option` for an unknown type.
   */
  start(order: StartOrder): Promise<RolloutState>
  /** Stops at the present share; guards go on watching. @throws SluiceError `already_paused`. */
  pause(order: Order): Promise<RolloutState>
  /**
   * Goes on where it was paused. Where someone else had moved the exposure, the stage's share is put
   * back and watched for its whole time again.
   *
   * @throws SluiceError `not_paused`.
   */
  resume(order: Order): Promise<RolloutState>
  /**
   * Goes on to the next stage now, or completes after the last. It skips time, never a gate or an approval.
   *
   * @throws SluiceError `guard_demands_rollback`; `gate_closed`; `approval_required`; `conflict` where the rollout entered another stage
   * while this was being written: promote again only if that is still wanted.
   */
  promote(order: Order): Promise<RolloutState>
  /**
   * Goes back to 0 percent now. While the store is away this process serves the canary to nobody all the same, and writes
   * it later.
   *
   * @throws SluiceError `rollback_pending` where it could not be written yet.
   */
  rollBack(order: Order): Promise<RolloutState>
  /**
   * Declares what asks for a rollback at once: a critical feature broken, data corrupted, a vulnerability. It goes back to
   * 0 percent now, and the log says why.
   *
   * @throws SluiceError `rollback_pending`, as {@link RolloutCommands.rollBack}.
   */
  declare(condition: DeclaredCondition, order: Order): Promise<RolloutState>
  /** Gives up control; the exposure stays as it is. */
  abort(order: Order): Promise<RolloutState>
}

/** What the commands are made of. */
export interface CommandsOptions {
  readonly flag: string
  readonly environment: string
  readonly actor: string
  readonly log: RolloutLog
  readonly clock: Clock
  readonly apply: Apply
  readonly gatekeeper: Gatekeeper
  readonly withdraw: Withdraw
  readonly begin: (
    order: StartOrder,
    reading: Reading,
    calibration: readonly number[] | undefined,
    now: number,
  ) => Transition
  /** Measured once, before a rollout begins; undefined where nobody wants it. */
  readonly calibrate: () => Promise<readonly number[] | undefined>
  readonly verdicts: () => readonly Verdict[]
  /** Whether this process decided to go back, and the log does not say so yet. */
  readonly isBraking: () => boolean
  /** The rollout as this process knows it, and shows it to people. */
  readonly seen: () => RolloutState | undefined
}

/** The commands over one log: each decides anew from what it reads there, until its decision is written or refused. */
export function createCommands(options: CommandsOptions): RolloutCommands {
  const { flag, environment, actor, log, clock, apply, begin, calibrate, verdicts, seen } = options
  const { gatekeeper, withdraw, isBraking } = options

  /** @param ask What is to be known before, where that must be waited for. */
  async function give(
    toCommand: (state: RolloutState, findings: Findings | undefined) => Command,
    ask: (state: RolloutState) => Promise<Findings | undefined> = async () => undefined,
  ): Promise<RolloutState> {
    // Before anything else is awaited: two who promote at once have both seen this stage.
    let asked = seen()
    // A person decides on what stands in the log, not on what this process saw a moment ago.
    await log.refresh()
    const found = seen()
    const findings = found === undefined ? undefined : await ask(found)
    const state = await apply(({ state }) => {
      if (state === undefined) throw noRollout()
      const command = toCommand(state, findings)
      asked ??= state
      if (command.type === 'promote') assertSameStage(asked, state)
      const next = transition(state, command, clock.now())
      const refused = next.effects.find((effect) => effect.type === 'refused')
      if (refused !== undefined)
        throw new SluiceError(refused.code, `${refused.because}.`, { flag })
      if (command.type === 'promote' && isBraking()) throw goesBack()
      return next
    })
    if (state === undefined) throw noRollout()
    if (state.phase !== 'rolling_back') return state
    // What was asked is durable. The confirmation is not theirs to wait for: the next look makes it.
    const confirmed = confirmRollback(apply, { id: state.id, actor, clock })
    return (await confirmed.catch(() => undefined)) ?? state
  }

  function goBack(command: Withdrawal): Promise<RolloutState> {
    return withdraw(command, (said) => give(() => said))
  }

  /** Two people, or a person and the plan, who both mean this step must not take two. */
  function assertSameStage(asked: RolloutState, found: RolloutState): void {
    const [seenAt, foundAt] = [positionOf(asked), positionOf(found)]
    if (seenAt === undefined || foundAt === undefined) return
    if (asked.id === found.id && seenAt === foundAt) return
    throw new SluiceError(
      'conflict',
      `${flag} entered another stage while it was being promoted. Look again, and promote again if that is still wanted.`,
      { flag, expected: seenAt, found: foundAt },
    )
  }

  function positionOf(state: RolloutState): string | undefined {
    if (isOpen(state)) return `stage ${state.stage}`
    return state.phase === 'awaiting_approval' ? 'no stage yet' : undefined
  }

  /** Up and down at once is down, though only this process knows of it yet. */
  function goesBack(): SluiceError {
    return new SluiceError(
      'rolling_back',
      `${flag} goes back, and that is not in the log yet: promote comes too late.`,
      { flag },
    )
  }

  function noRollout(): SluiceError {
    return new SluiceError(
      'no_rollout',
      `There is no rollout of ${flag} in ${environment}: start one first.`,
      { flag },
    )
  }

  return {
    async start(order) {
      await log.refresh()
      const calibration = await calibrate()
      const state = await apply((reading) => {
        if (reading.state !== undefined && isActive(reading.state)) {
          throw new SluiceError(
            'rollout_exists',
            `${flag} already has a rollout in ${environment} (${reading.state.phase}, started by ${reading.state.startedBy}): roll back, abort or let it end first.`,
            { flag },
          )
        }
        return begin(order, reading, calibration, clock.now())
      })
      return state ?? Promise.reject(noRollout())
    },
    pause: (order) => give(() => ({ ...order, type: 'pause' })),
    resume: (order) => give(() => ({ ...order, type: 'resume' })),
    promote: (order) =>
      give((state, findings) => {
        const entry = gatekeeper.judge(state, findings)
        return { ...order, type: 'promote', verdicts: verdicts(), ...(entry && { entry }) }
      }, gatekeeper.ask),
    rollBack: (order) => goBack({ ...order, type: 'roll_back' }),
    async declare(condition, order) {
      if (declaredConditions.includes(condition)) {
        return goBack({ ...order, type: 'declare', condition })
      }
      throw new SluiceError(
        'invalid_declaration',
        `What can be declared is ${declaredConditions.join(', ')}; found ${String(condition)}. To go back for another reason, roll back.`,
        { flag, found: String(condition) },
      )
    },
    abort: (order) => give(() => ({ ...order, type: 'abort' })),
  }
}
