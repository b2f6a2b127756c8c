import { SluiceError } from '@sluice/core'
import { type ApprovalSubject, type Approvals, rolloutSubject } from '@sluice/rollout'
import type { Context, NoteOptions } from '../context.ts'
import { noteOf } from '../note.ts'
import { drawApproval } from '../rollout/approval-text.ts'
import { findApproval, requireApprovals } from '../rollout/find-approval.ts'
import { requireRollout } from '../rollout/find-rollout.ts'
import { nextSubject } from '../rollout/next-subject.ts'
import { findTerms, type TermsOptions } from '../rollout/terms.ts'
import { type Session, withSession } from '../session.ts'

/** What both kinds of request take. */
export interface RequestOptions extends NoteOptions {
  /** The name of an incident: approves at once, alone, and aloud. */
  readonly emergency?: string
}

/** `request rollout KEY`: asks for what `rollout start` with the same options will start. */
export async function requestRollout(
  context: Context,
  [flag]: readonly [string],
  options: RequestOptions & TermsOptions,
): Promise<void> {
  await request(context, options, async ({ environment, config }) => {
    const { cwd } = context.world
    const { plan, guards, alpha, type } = await findTerms(flag, options, { config, cwd })
    const own = type ?? plan.stages[0]?.approval ?? 'minor'
    return rolloutSubject({ flag, environment, plan, guards, alpha }, own)
  })
}

/** `request stage KEY`: asks for the step of a rollout into its next stage. */
export async function requestStage(
  context: Context,
  [flag]: readonly [string],
  options: RequestOptions,
): Promise<void> {
  await request(context, options, async ({ flags }) => {
    const subject = nextSubject(requireRollout(flags, flag))
    if (subject !== undefined) return subject
    throw new SluiceError(
      'nothing_to_approve',
      `The next stage of ${flag} asks for no approval.\nsluice rollout status ${flag} shows what each stage asks for.`,
      { flag },
    )
  })
}

async function request(
  context: Context,
  options: RequestOptions,
  form: (session: Session) => Promise<ApprovalSubject>,
): Promise<void> {
  const { terminal, world } = context
  await withSession(context, async (session) => {
    const note = noteOf(await session.actor(), options)
    const approvals = await requireApprovals(session)
    const subject = await form(session)
    const { id } = await ask(approvals, subject, note, options)
    const view = findApproval(approvals, id)
    const { width, color } = terminal
    terminal.print(...drawApproval(view, { width, color, now: world.clock.now() }))
    terminal.document(view)
  })
}

function ask(
  approvals: Approvals,
  subject: ApprovalSubject,
  note: Parameters<Approvals['request']>[1],
  { emergency: incident }: RequestOptions,
) {
  return incident === undefined
    ? approvals.request(subject, note)
    : approvals.emergency(subject, { ...note, incident })
}
