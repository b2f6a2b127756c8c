import { z } from 'zod'

const instant = z.union([
  z.number(),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
])
const text = z.string()

const schema = z.looseObject({
  environment: text,
  startedAt: instant,
  version: text.optional(),
  type: text.optional(),
  /** `succeeded`, `failed`, `rolled_back`; anything else is under way. */
  status: text.optional(),
  phase: text.optional(),
  by: text.optional(),
  startedBy: text.optional(),
  endedAt: instant.optional(),
  /** When the change that is deployed was committed to source control. */
  commitAt: instant.optional(),
  ticket: text.optional(),
  /** From 1: how often it was started under the same key. */
  run: z.number().optional(),
  decision: z
    .looseObject({
      by: text,
      because: text,
      detectedAt: instant,
      decidedAt: instant,
      hadSucceeded: z.boolean().optional(),
    })
    .optional(),
  /** Its terms, of which only a hotfix's times are read; others may have another input. */
  input: z
    .looseObject({ hotfix: z.looseObject({ fixStartedAt: instant }).optional().catch(undefined) })
    .optional()
    .catch(undefined),
  /** The steps that could not be undone. */
  left: z.array(text).optional(),
  steps: z.array(z.looseObject({ name: text, phase: text })).optional(),
})

/** What reports read of a deployment, of older and newer versions of this package too. */
export type DeploymentRecord = z.infer<typeof schema>

/** Reads a value under `deployment/<id>` as far as reports need it; undefined for what is no deployment. */
export function readDeploymentRecord(value: unknown): DeploymentRecord | undefined {
  return schema.safeParse(value).data
}

/** How a deployment ended; undefined while it is under way. */
export function deploymentOutcome({
  status,
  phase,
}: DeploymentRecord): 'succeeded' | 'failed' | 'rolled_back' | undefined {
  if (status === 'succeeded' || status === 'failed' || status === 'rolled_back') return status
  if (phase === 'succeeded' || phase === 'failed') return phase
  return phase === 'undone' ? 'rolled_back' : undefined
}

/** Whether anything of it came to its environment: one that failed in its checks changed nothing there. */
export function hasDeployed({ steps }: DeploymentRecord): boolean {
  const phaseOf = (wanted: string) => steps?.find(({ name }) => name === wanted)?.phase
  // A step that was skipped has no hook: what brought the version there is another one.
  if (phaseOf('deploy') !== 'pending') return true
  // The database is part of the environment, and stands before the step `deploy`.
  return !['pending', 'skipped', undefined].includes(phaseOf('migrate'))
}
