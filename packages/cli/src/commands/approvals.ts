import type { ApprovalView } from '@sluice/rollout'
import type { Context } from '../context.ts'
import { drawApproval, drawApprovals } from '../rollout/approval-text.ts'
import { findApproval } from '../rollout/find-approval.ts'
import { withSession } from '../session.ts'

/** What `approvals` takes. */
export interface ApprovalsOptions {
  /** Those that are over, too. */
  readonly all?: boolean
}

/** `approvals`: what waits, in every environment. */
export async function listApprovals(
  context: Context,
  _: readonly [],
  { all = false }: ApprovalsOptions,
): Promise<void> {
  const { terminal, world } = context
  await withSession(context, async (session) => {
    const desk = await session.approvals()
    const views = (desk?.list() ?? []).filter((view) => all || isOpen(view))
    terminal.document(views)
    if (views.length === 0) {
      terminal.print(all ? 'nobody has asked for approval yet' : 'nothing waits for approval')
      return
    }
    const { width, color } = terminal
    terminal.print(...drawApprovals(views, { width, color, now: world.clock.now() }))
  })
}

/** `approvals show ID` */
export async function showApproval(context: Context, [id]: readonly [string]): Promise<void> {
  const { terminal, world } = context
  await withSession(context, async (session) => {
    const desk = (await session.approvals()) ?? { list: () => [] }
    const view = findApproval(desk, id)
    terminal.document(view)
    const { width, color } = terminal
    terminal.print(...drawApproval(view, { width, color, now: world.clock.now() }))
  })
}

/** What is approved and not done yet, and what was approved alone and nobody else has looked at, is open still. */
function isOpen({ approval, standing }: ApprovalView): boolean {
  const isUnreviewed = approval.emergency !== undefined && approval.emergency.review === undefined
  return standing.status === 'pending' || standing.status === 'approved' || isUnreviewed
}
