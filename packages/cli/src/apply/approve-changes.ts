import { type FlagDefinition, type FlagSettings, isSluiceError, SluiceError } from '@sluice/core'
import type { ApprovalSubject, Approvals } from '@sluice/rollout'
import type { Change, ChangeNote } from '@sluice/stores'
import type { Session } from '../session.ts'
import { findDifferences } from './differences.ts'
import type { EnvironmentEffect, Plan, PlannedChange } from './plan.ts'

/** The approvals that a plan uses up, as parts of its commit. */
export interface ApprovalUses {
  readonly changes: readonly Change[]
  readonly dependsOn: readonly string[]
}

/**
 * Finds the approval of each flag that would go up where the policy asks for one, and asks for those
 * that nobody has asked for yet. A definition is approved as a whole, word for word.
 *
 * @param type The type of change, a key of `policy.approvals.types`.
 * @throws SluiceError `approval_required`, naming what waits.
 */
export async function approveChanges(
  session: Session,
  { changes }: Plan,
  note: ChangeNote,
  type = 'minor',
): Promise<ApprovalUses> {
  const approvals = await session.approvals()
  if (approvals === undefined) return { changes: [], dependsOn: [] }
  const { defaultPolicy, needsApproval } = await import('@sluice/rollout')
  const { policy = defaultPolicy } = session.config
  // The policy's own test, of the largest rise there is.
  const requiredIn = (environment: string) =>
    needsApproval({ environment, before: 0, after: 100 }, policy)
  const subjects = changes.flatMap((change) =>
    change.environments
      .filter((effect) => requiredIn(effect.environment) && isUp(change, effect))
      .map((effect) => subjectOf(change, effect, type)),
  )
  const missing: string[] = []
  const used: ApprovalUses[] = []
  for (const subject of subjects) {
    const standing = approvals.check(subject)
    if (standing.status === 'approved') used.push(standing.change)
    else missing.push(await ask(approvals, subject, note))
  }
  if (missing.length > 0) throw required(missing)
  return {
    changes: used.flatMap((each) => each.changes),
    dependsOn: used.flatMap((each) => each.dependsOn),
  }
}

function subjectOf({ name, after }: PlannedChange, effect: EnvironmentEffect, type: string) {
  const asked = { flag: name, definition: (after ?? null) as never }
  const { environment } = effect
  return { kind: 'rollout', environment, target: name, type, asked } satisfies ApprovalSubject
}

/** What is served may be more than before: in doubt it is. Less of anything never is. */
function isUp({ before: was, after: is }: PlannedChange, effect: EnvironmentEffect): boolean {
  const { before, after } = effect
  // What the application defines by itself is in service then, and is not known here.
  if (after === undefined) return true
  if (!after.enabled) return false
  if (before === undefined || !before.enabled) return true
  if (after.rollout > before.rollout) return true
  return findDifferences([restOf(before), whoOf(was)], [restOf(after), whoOf(is)]).length > 0
}

/** Whom a definition lets on in every environment. */
function whoOf(definition: PlannedChange['before']): object {
  const { bucketBy = null, prerequisites = [] } = (definition ?? {}) as FlagDefinition
  return { bucketBy, prerequisites }
}

/** Whatever decides who gets what, beside the percentage. */
function restOf({ enabled, rollout, ...rest }: FlagSettings): object {
  return rest
}

async function ask(
  approvals: Approvals,
  subject: ApprovalSubject,
  note: ChangeNote,
): Promise<string> {
  const where = `${subject.target} in ${subject.environment}`
  try {
    const { id } = await approvals.request(subject, note)
    return `${where}: asked for now, as ${id}`
  } catch (error) {
    if (!isSluiceError(error) || error.code !== 'already_requested') throw error
    const { id, because } = approvals.check(subject) as { id?: string; because?: string }
    return `${where}: ${id ?? 'it'} waits, ${because ?? ''}`
  }
}

function required(missing: readonly string[]): SluiceError {
  const lines = [
    'Nothing was applied: what goes up needs approval.',
    ...missing,
    'sluice approvals shows what waits. Apply again once it is approved.',
  ]
  return new SluiceError('approval_required', lines.join('\n'))
}
