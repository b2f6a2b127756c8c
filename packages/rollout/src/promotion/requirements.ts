import type { ApprovalCheck } from '../approvals/subject.ts'
import type { Checklist, Item } from '../checklist/checklist.ts'
import type { PromotionRequirement } from '../policy/policy.ts'
import type { Requirement } from './promotion-contract.ts'
import { type Finding, met, unmet } from './soak.ts'

/** What the requirements are judged by. */
export interface RequirementScene {
  readonly soak: Finding
  /** Undefined where nobody can be asked. */
  readonly approval: ApprovalCheck | undefined
  readonly isApprovalRequired: boolean
  readonly smokeTests: readonly string[]
  /** What the checks that are functions said; undefined for one that has not run. */
  readonly ran: ReadonlyMap<string, Finding | undefined>
  readonly attestations: Checklist | undefined
}

/** The requirements of the policy that each serves. */
const references: Readonly<Record<PromotionRequirement, string>> = {
  healthy_soak: 'P9',
  smoke_tests: 'P9, P21',
  approval: 'P9, P10, P12',
  rollback_plan: 'P9, P22',
  runbook: 'P9, P25',
}

/** What a person must say where it stands. */
export const documents = ['rollback_plan', 'runbook']

/** Whether each requirement is met, and why: pure. */
export function findRequirements(
  names: readonly PromotionRequirement[],
  scene: RequirementScene,
): Requirement[] {
  return names.map((name) => ({ name, reference: references[name], ...find(name, scene) }))
}

function find(name: PromotionRequirement, scene: RequirementScene): Finding {
  switch (name) {
    case 'healthy_soak':
      return scene.soak
    case 'smoke_tests':
      return findSmokeTests(scene)
    case 'approval':
      return findApproval(scene)
    default:
      return findAttested(name, scene)
  }
}

function findSmokeTests(scene: RequirementScene): Finding {
  const missing = scene.smokeTests.flatMap((name) => {
    const finding = scene.ran.has(name)
      ? (scene.ran.get(name) ?? unmet('it has not run yet'))
      : findAttested(name, scene)
    return finding.isMet ? [] : [`${name}: ${finding.because}`]
  })
  if (missing.length > 0) return unmet(missing.join('; '))
  return met(`passed: ${scene.smokeTests.join(', ')}`)
}

function findApproval({ approval, isApprovalRequired }: RequirementScene): Finding {
  if (!isApprovalRequired) return met('the policy requires none here')
  if (approval === undefined) return unmet('this promotion has no approvals to look at')
  if (approval.status === 'approved') return met(`${approval.id} is approved`)
  return unmet(approval.because)
}

function findAttested(name: string, { attestations }: RequirementScene): Finding {
  const item = attestations?.items.find((each: Item) => each.name === name)
  if (item?.phase !== 'ticked') return unmet('nobody has attested it')
  const { by, evidence, note } = item
  if (documents.includes(name) && evidence === undefined) {
    return unmet(`${by} ticked it and showed no evidence: untick it, and attest it`)
  }
  const said = evidence ?? note
  return met(`attested by ${by}${said === undefined ? '' : `: ${said}`}`)
}
