import {
  type ApprovalCheck,
  type ApprovalDesk,
  type ApprovalSubject,
  type RolloutProposal,
  rolloutSubject,
} from '../approvals/subject.ts'
import { type EntryAnswer, termsOf } from '../transition/entry.ts'
import { toReason } from '../transition/reason.ts'

/**
 * What approval is asked for so that a rollout may enter a stage. For the first stage it is the rollout itself; for a
 * later one the stage's number is part of it, so that one approval is not used for two steps.
 *
 * @param stage From 0.
 */
export function stageSubject(
  proposal: RolloutProposal,
  stage: number,
  type: string,
): ApprovalSubject {
  const subject = rolloutSubject(proposal, type)
  return stage === 0 ? subject : { ...subject, asked: { ...Object(subject.asked), stage } }
}

/** What the approvals say of a rollout's step into a stage. Whatever is not a clear yes is a no. */
export function findApproval(
  proposal: RolloutProposal,
  stage: number,
  type: string,
  desk: ApprovalDesk | undefined,
): EntryAnswer {
  if (desk === undefined) return refuse('this process has no approvals to look at', [type])
  let check: ApprovalCheck
  try {
    check = desk.check(stageSubject(proposal, stage, type))
  } catch (error) {
    return refuse(toReason(error), [type])
  }
  if (check.status === 'approved') {
    const because = `approval ${check.id} (${type}) is given`
    return { stage, isOpen: true, because, uses: [check.change] }
  }
  const { status, id, because, wants = [type] } = check
  const hasEnded = endings.has(status) && id !== undefined
  return {
    ...refuse(`${status}: ${because}`, wants),
    ...(hasEnded ? { ended: id } : {}),
  }

  function refuse(why: string, wants: readonly string[]): EntryAnswer & { isOpen: false } {
    const because = `approval (${type}) is wanted; ${why}`
    return { stage, isOpen: false, code: 'approval_required', because, wants }
  }
}

/**
 * What is known of the first stage when a rollout is asked for; undefined where it asks for nothing, or its gates are to
 * be asked by the looks.
 */
export function findFirstEntry(
  proposal: RolloutProposal,
  type: string | undefined,
  desk: ApprovalDesk | undefined,
): EntryAnswer | undefined {
  const terms = termsOf(proposal.plan, 0, type)
  if (terms?.approval === undefined) return undefined
  const answer = findApproval(proposal, 0, terms.approval, desk)
  return answer.isOpen && terms.gates.length > 0 ? undefined : answer
}

/** After these nobody answers any more: somebody must ask anew. */
const endings: ReadonlySet<string> = new Set(['rejected', 'withdrawn', 'expired', 'voided'])
