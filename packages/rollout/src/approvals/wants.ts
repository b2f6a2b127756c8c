import type { ApprovalType } from '../policy/policy.ts'
import type { ApprovalAnswer } from './approval.ts'
import { foldName, isSameAccount, isSamePerson } from './directory.ts'

/**
 * Whose approval is wanted still: roles, one for each person wanted, or the people of the team. Empty: the answers suffice.
 *
 * One person fills one role, in whichever way most roles are filled: a team lead who is an architect too leaves the
 * other role to the next.
 *
 * @param team Everyone of the team, the one who asks included.
 */
export function findWants(
  approvers: ApprovalType['approvers'],
  answers: readonly ApprovalAnswer[],
  { askedBy, team }: { readonly askedBy: string; readonly team: readonly string[] },
): string[] {
  const approvals = answers.filter(
    ({ answer, by }) => answer === 'approve' && !isSamePerson(by, askedBy),
  )
  if (approvers !== 'everyone') return findOpenRoles(toSlots(approvers), approvals)
  const done = new Set(approvals.map(({ by }) => foldName(by)))
  const others = othersThan(askedBy, team)
  // A team of one agrees with itself about everything: consensus needs somebody else.
  if (others.length === 0) return ['somebody else of the team']
  return others.filter((name) => !done.has(foldName(name)))
}

/** The roles of a person that count for a type of change: none, and the person has no say in it. */
export function rolesThatCount(
  approvers: ApprovalType['approvers'],
  actor: string,
  { roles, team }: { readonly roles: readonly string[]; readonly team: readonly string[] },
): string[] {
  if (approvers === 'everyone') {
    return team.some((name) => isSameAccount(name, actor)) ? ['team'] : []
  }
  return [...new Set(roles)].filter((role) => Object.hasOwn(approvers, role)).sort()
}

/** Each person of the team but one, once. */
function othersThan(askedBy: string, team: readonly string[]): string[] {
  const seen = new Set([foldName(askedBy)])
  return team.filter((name) => {
    const folded = foldName(name)
    if (seen.has(folded)) return false
    seen.add(folded)
    return true
  })
}

function toSlots(approvers: Readonly<Record<string, number>>): string[] {
  return Object.entries(approvers).flatMap(([role, count]) =>
    Array.from({ length: count }, () => role),
  )
}

/** A largest matching of people to roles, by augmenting paths; what it leaves open. */
function findOpenRoles(slots: readonly string[], approvals: readonly ApprovalAnswer[]): string[] {
  /** By slot, the position of the one who fills it. */
  const filledBy = new Map<number, number>()

  function seat(person: number, tried: Set<number>): boolean {
    const roles = approvals[person]?.roles ?? []
    for (const [slot, role] of slots.entries()) {
      if (tried.has(slot) || !roles.includes(role)) continue
      tried.add(slot)
      const sitting = filledBy.get(slot)
      if (sitting === undefined || seat(sitting, tried)) {
        filledBy.set(slot, person)
        return true
      }
    }
    return false
  }

  const seen = new Set<string>()
  for (const [person, { by }] of approvals.entries()) {
    if (seen.has(foldName(by))) continue
    seen.add(foldName(by))
    seat(person, new Set())
  }
  return slots.filter((_, slot) => !filledBy.has(slot))
}
