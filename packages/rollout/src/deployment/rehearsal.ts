import { z } from 'zod'
import type { DeploymentLog } from './deployment-contract.ts'
import { deploymentKey } from './terms.ts'

const record = z.looseObject({
  phase: z.literal('succeeded'),
  startedBy: z.string(),
  steps: z.array(z.looseObject({ name: z.string(), phase: z.string() })),
})

/**
 * What the log says of a version's migration in the environments where it is rehearsed: up, down, and up again (P26).
 *
 * @returns Where it was seen; undefined where it was not.
 */
export function readRehearsal(
  log: Pick<DeploymentLog, 'get'>,
  version: string,
  environments: readonly string[],
): string | undefined {
  for (const environment of environments) {
    const key = deploymentKey({ environment, version })
    const found = record.safeParse(log.get(key)?.value).data
    const isDone = (name: string) =>
      found?.steps.some((step) => step.name === name && step.phase === 'done') === true
    if (['rehearse_up', 'rehearse_down', 'migrate'].every(isDone)) return `${key} in the log`
  }
  return undefined
}
