import { SluiceError } from '@sluice/core'
import { type DeclaredCondition, declaredConditions } from '@sluice/guards'
import {
  createRolloutController,
  decide,
  isOpen,
  type RolloutController,
  type RolloutState,
} from '@sluice/rollout'
import type { ChangeNote } from '@sluice/stores'
import { confirmChange } from '../confirm-change.ts'
import type { Context, NoteOptions } from '../context.ts'
import type { Run } from '../lazily.ts'
import { noteOf } from '../note.ts'
import { sayRollout } from '../rollout/describe.ts'
import { requireRollout } from '../rollout/find-rollout.ts'
import { createObserver } from '../rollout/observe.ts'
import { type Session, withSession } from '../session.ts'
import { clean, wrap } from '../text.ts'
import { suggest, usageError } from '../usage-error.ts'

type Give = (
  controller: RolloutController,
  note: NonNullable<ChangeNote>,
  session: Session,
  state: RolloutState,
  context: Context,
) => Promise<RolloutState>

/** `rollout pause KEY`, and its neighbours. Going down and stopping ask nobody. */
export const pauseRollout = order((controller, note) => controller.pause(note))
export const rollBackRollout = order((controller, note) => controller.rollBack(note))

export const resumeRollout = order(async (controller, note, session, state, context) => {
  if (state.phase === 'paused' && state.found !== undefined) {
    const { rollout = 0 } = state.exposure
    await confirmChange(context, session, `Put ${state.flag} back to ${rollout} percent?`)
  }
  return controller.resume(note)
})

export const promoteRollout = order(async (controller, note, session, state, context) => {
  await assertNoGuardDemands(session, state, context)
  if (state.phase === 'holding') context.terminal.remark(`it holds: ${clean(state.because)}`)
  await confirmChange(context, session, sayPromotion(state))
  return controller.promote(note)
})

export const abortRollout = order(async (controller, note, session, state, context) => {
  const { rollout = 0 } = state.exposure
  await confirmChange(
    context,
    session,
    `Give up the rollout of ${state.flag} and leave it at ${rollout} percent, unguarded?`,
  )
  return controller.abort(note)
})

/** `rollout declare KEY CONDITION` */
export const declareCondition: Run<readonly [string, string], NoteOptions> = (
  context,
  [flag, condition],
  options,
) => {
  const found = declaredConditions.find((each) => each === condition)
  if (found === undefined) throw unknownCondition(condition)
  return order((controller, note) => controller.declare(found, note))(context, [flag], options)
}

function unknownCondition(condition: string): SluiceError {
  const known: readonly DeclaredCondition[] = declaredConditions
  return usageError(
    `"${condition}" is nothing to declare.`,
    suggest(condition, known) ?? `There is ${known.join(', ')}.`,
    'To go back for another reason, type sluice rollout rollback.',
  )
}

function order(give: Give): Run<readonly [string], NoteOptions> {
  return (context, [flag], options) =>
    withSession(context, async (session) => {
      const { flags, environment, config } = session
      const { world, terminal } = context
      const note = noteOf(await session.actor(), options)
      const state = requireRollout(flags, flag)
      const approvals = await session.approvals()
      const controller = createRolloutController({
        ...{ replica: flags.replica, environment, flag, clock: world.clock, actor: note.actor },
        ...(config.policy === undefined ? {} : { policy: config.policy }),
        ...(approvals === undefined ? {} : { approvals }),
      })
      const after = await give(controller, note, session, state, context).catch(explain)
      terminal.print(...wrap(sayRollout(after, world.clock.now()), terminal.width))
      terminal.document(after)
    })
}

/** Only the services hold the checks behind a gate; what their guards say they tell on the exchange, and in the log. */
async function assertNoGuardDemands(
  session: Session,
  { flag }: RolloutState,
  { world }: Context,
): Promise<void> {
  const { guards } = await createObserver(session, flag, { now: world.clock.now }).read()
  const decision = decide(guards?.verdicts)
  if (decision.decision !== 'rollback') return
  throw new SluiceError(
    'guard_demands_rollback',
    `A guard demands that ${flag} goes back: ${decision.because}.\nsluice rollout status ${flag} shows it.`,
    { flag },
  )
}

function sayPromotion(state: RolloutState): string {
  const { flag, plan } = state
  const next = isOpen(state) ? plan.stages[state.stage + 1] : undefined
  if (next === undefined) return `Complete the rollout of ${flag} now?`
  return `Take ${flag} to ${next.rolloutPercent} percent now, before its time?`
}

/** What to do instead, where the error itself cannot know that it is read on a command line. */
function explain(error: unknown): never {
  const { code, message } = error as { code?: string; message: string }
  const instead: { readonly [code: string]: string } = {
    gate_closed:
      'A gate is asked by the services, not from here: it goes on by itself once they find it open.',
    approval_required: 'sluice approvals shows what is wanted; sluice request stage asks for it.',
    awaiting_approval: 'sluice approvals shows what it waits for.',
    rollback_pending:
      'Type it again once the store answers: nobody goes on trying after this process.',
    rollout_over: 'sluice rollout start begins another.',
  }
  if (code === undefined || !Object.hasOwn(instead, code)) throw error
  throw new SluiceError(code, `${message}\n${instead[code]}`, { cause: error })
}
