import { type Json, SluiceError } from '@sluice/core'
import { z } from 'zod'
import type { ApprovalSubject } from '../approvals/subject.ts'
import { environmentName } from '../environment-name.ts'
import { describeIssue, type Fault } from '../issue.ts'

/** How a deployment is taken back, written down and tried (P22). */
export interface RollbackPlan {
  /** Where it is written down; or `text`. */
  readonly url?: string
  readonly text?: string
  /** The environment it was tried in. */
  readonly testedIn: string
  /** Epoch milliseconds, like every `…At`. */
  readonly testedAt: number
  readonly testedBy: string
}

/** Somebody's word that a check was made, and where it can be seen (P25). */
export interface Attestation {
  readonly by: string
  readonly at: number
  /** Where it can be seen. */
  readonly link: string
}

/** When a hotfix passed its first phases; the others are in the log (P29). */
export interface HotfixTimes {
  readonly fixStartedAt: number
  readonly fixedAt: number
  readonly testedAt: number
}

/** What is deployed: written into the log when it starts, and asked for in an approval. */
export interface DeploymentTerms {
  readonly version: string
  /** `hotfix`, `minor`, `major`, `breaking`, or another key of `policy.approvals.types`. */
  readonly type: string
  readonly environment: string
  /** Why: the request it answers (P34). */
  readonly ticket: string
  /** One line each. */
  readonly changes: readonly string[]
  readonly rollbackPlan?: RollbackPlan
  /** Where the runbook is. */
  readonly runbook?: string
  readonly monitoringUrl?: string
  /** When the change was committed to source control, epoch ms: the lead time counts from here. */
  readonly commitAt?: number
  readonly attestations?: Readonly<Record<string, Attestation>>
  readonly hotfix?: HotfixTimes
  /** Whether the database changes, and whether that can be taken back. */
  readonly migration?: { readonly isReversible: boolean }
}

const text = z.string().regex(/\S/, 'text that is not empty')
/** September 2001. An instant of today is above it in milliseconds, and far below it in seconds. */
const firstInstant = 1e12
const instant = z
  .number()
  .refine(
    (at) => at >= firstInstant,
    'an instant since 2001 in epoch milliseconds; seconds, such as those of git, times 1,000',
  )

/** What no key of the log can hold is refused here, where its place can be named. */
function partOfKey(expected: string) {
  return z.string().refine((part) => {
    return /^[^\s/#\p{Cc}\p{Surrogate}]{1,200}$/u.test(part) && part !== '__proto__'
  }, expected)
}

const termsSchema: z.ZodType<DeploymentTerms> = z.strictObject({
  version: partOfKey('a version without spaces, / or #, of at most 200 printable characters'),
  type: text,
  environment: partOfKey('a name without spaces, / or #, of at most 200 printable characters'),
  ticket: text,
  changes: z.array(text).min(1),
  rollbackPlan: z
    .strictObject({
      url: text.exactOptional(),
      text: text.exactOptional(),
      testedIn: text,
      testedAt: instant,
      testedBy: text,
    })
    .refine(({ url, text }) => url !== undefined || text !== undefined, 'a url or a text')
    .exactOptional(),
  runbook: text.exactOptional(),
  monitoringUrl: text.exactOptional(),
  commitAt: instant.exactOptional(),
  attestations: z
    .record(text, z.strictObject({ by: text, at: instant, link: text }))
    .exactOptional(),
  hotfix: z
    .strictObject({ fixStartedAt: instant, fixedAt: instant, testedAt: instant })
    .exactOptional(),
  migration: z.strictObject({ isReversible: z.boolean() }).exactOptional(),
})

/**
 * Reads what is to be deployed.
 *
 * @throws SluiceError `invalid_deployment` with pointer, expected and found.
 */
export function parseTerms(input: unknown): DeploymentTerms {
  const parsed = termsSchema.safeParse(input)
  if (parsed.success) return parsed.data
  throw refuseTerms(describeIssue(parsed.error, input))
}

/** @returns SluiceError `invalid_deployment`, or a code that says more. */
export function refuseTerms(fault: Fault, code = 'invalid_deployment'): SluiceError {
  return new SluiceError(
    code,
    `The deployment is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}

/**
 * Where a deployment stands in the log: the same version to the same environment is the same deployment (P31), whichever of
 * its names the environment is called by.
 */
export function deploymentKey({
  environment,
  version,
}: Pick<DeploymentTerms, 'environment' | 'version'>): string {
  return `deployment/${environmentName(environment)}/${version}`
}

/** What a deployment is started with, as it stands in the log: another name of the environment makes no other input. */
export function deploymentInput(terms: DeploymentTerms): Json {
  const { environment } = terms
  return JSON.parse(JSON.stringify({ ...terms, environment: environmentName(environment) })) as Json
}

/** What an approval of it is about: an edit of any of it voids the approval (P11). */
export function deploymentSubject(terms: DeploymentTerms): ApprovalSubject {
  const { version, type, changes, ticket, rollbackPlan, migration } = terms
  const environment = environmentName(terms.environment)
  const asked = { version, environment, type, changes, ticket, rollbackPlan, migration }
  return {
    ...{ kind: 'deployment', environment, target: version, type },
    asked: JSON.parse(JSON.stringify(asked)) as Json,
  }
}
