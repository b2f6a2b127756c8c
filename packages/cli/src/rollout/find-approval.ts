import { nearestName, SluiceError } from '@sluice/core'
import type { Approvals, ApprovalView } from '@sluice/rollout'
import type { Session } from '../session.ts'

/** @throws SluiceError `approvals_not_used` where nobody may give any. */
export async function requireApprovals(session: Session): Promise<Approvals> {
  const approvals = await session.approvals()
  if (approvals !== undefined) return approvals
  throw new SluiceError(
    'approvals_not_used',
    'No approvals are in use here: nobody is named who could give one.\nName them in sluice.config.ts: directory: { "ann@example.com": ["team_lead"] }',
  )
}

/**
 * The request with an id, or with the only id that begins so.
 *
 * @throws SluiceError `approval_not_found`.
 */
export function findApproval(approvals: Pick<Approvals, 'list'>, typed: string): ApprovalView {
  const all = approvals.list()
  const exact = all.find(({ approval }) => approval.id === typed)
  const alike = all.filter(({ approval }) => approval.id.startsWith(typed))
  if (exact !== undefined) return exact
  if (alike.length === 1 && alike[0] !== undefined && typed.length >= shortestStart) return alike[0]
  const ids = all.map(({ approval }) => approval.id)
  const nearest = nearestName(typed, ids)
  const instead =
    alike.length > 1
      ? `Several begin so: ${alike.map(({ approval }) => approval.id).join(', ')}`
      : nearest !== undefined
        ? `Did you mean ${nearest}?`
        : 'sluice approvals --all lists those there are.'
  throw new SluiceError('approval_not_found', `There is no approval ${typed}.\n${instead}`)
}

/** Fewer characters are more likely a slip than a name. */
const shortestStart = 4
