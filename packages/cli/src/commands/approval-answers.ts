import { SluiceError } from '@sluice/core'
import type { Approval, Approvals, ApprovalView } from '@sluice/rollout'
import { confirm } from '../confirm.ts'
import type { Context, NoteOptions } from '../context.ts'
import type { Run } from '../lazily.ts'
import { noteOf } from '../note.ts'
import { drawApproval, sayStandingOf } from '../rollout/approval-text.ts'
import { findApproval, requireApprovals } from '../rollout/find-approval.ts'
import { withSession } from '../session.ts'

/** What `approve` takes. */
export interface ApproveOptions extends NoteOptions {
  /** The digest of what was looked at, or its first twelve digits. */
  readonly digest?: string
}

/** `approve ID`: shows what is asked, and says yes to exactly that. */
export const approve: Run<readonly [string], ApproveOptions> = answer(
  async (approvals, view, note, { digest }, context) => {
    const { id, digest: whole, subject } = view.approval
    if (digest === undefined) {
      const { width, color } = context.terminal
      const now = context.world.clock.now()
      context.terminal.remark(...drawApproval(view, { width, color, now }), '')
      await confirm(context, {
        question: `Approve ${subject.target} in ${subject.environment}?`,
        what: 'an approval',
      })
    } else if (digest.length < shortestDigest || !whole.startsWith(digest)) {
      throw otherDigest(id, digest)
    }
    return approvals.approve(id, { ...note, digest: whole })
  },
)

export const reject = answer((approvals, { approval }, note) => approvals.reject(approval.id, note))
export const withdraw = answer((approvals, { approval }, note) =>
  approvals.withdraw(approval.id, note),
)
export const review = answer((approvals, { approval }, note) => approvals.review(approval.id, note))

type Answer<Options> = (
  approvals: Approvals,
  view: ApprovalView,
  note: Parameters<Approvals['reject']>[1],
  options: Options,
  context: Context,
) => Promise<Approval>

function answer<Options extends NoteOptions>(
  give: Answer<Options>,
): Run<readonly [string], Options> {
  return (context, [typed], options) =>
    withSession(context, async (session) => {
      const note = noteOf(await session.actor(), options)
      const approvals = await requireApprovals(session)
      const view = findApproval(approvals, typed)
      const after = await give(approvals, view, note, options, context).catch(explain)
      const { terminal, world } = context
      const now = findApproval(approvals, after.id)
      terminal.print(`${after.id}  ${sayStandingOf(now, world.clock.now())}`)
      terminal.document(now)
    })
}

/** As many as an id shows. */
const shortestDigest = 12

function otherDigest(id: string, digest: string): SluiceError {
  return new SluiceError(
    'digest_mismatch',
    `${id} does not ask for what has the digest ${digest}.\nsluice approvals show ${id} shows what it asks for.`,
  )
}

function explain(error: unknown): never {
  const { code, message } = error as { code?: string; message: string }
  const instead: { readonly [code: string]: string } = {
    own_request: 'Somebody else has to approve it: send them the id.',
    not_an_approver: 'Roles are given under directory in sluice.config.ts; --as says who you are.',
    not_the_requester: 'sluice reject says no to what somebody else asks for.',
    approval_used: 'sluice request asks anew.',
    approval_expired: 'sluice request asks anew.',
  }
  if (code === undefined || !Object.hasOwn(instead, code)) throw error
  throw new SluiceError(code, `${message}\n${instead[code]}`, { cause: error })
}
