import { SluiceError } from '@sluice/core'
import { faultOf } from '../finding.ts'
import { toStepError } from '../procedure/attempt.ts'
import type { StepContext } from '../procedure/step.ts'
import type { Check } from './deployment-contract.ts'

/**
 * Makes named checks, one after the other, all of them: a person wants to know of every fault at once.
 *
 * @throws SluiceError with that code, naming each that failed and why.
 */
export async function makeChecks(
  checks: Readonly<Record<string, Check>>,
  context: StepContext,
  code: string,
): Promise<readonly string[]> {
  const faults: string[] = []
  for (const [name, check] of Object.entries(checks)) {
    if (context.signal.aborted) throw new SluiceError(code, 'they were stopped')
    try {
      const fault = faultOf(await check(context))
      if (fault !== undefined) faults.push(`${name}: ${fault}`)
    } catch (error) {
      faults.push(`${name}: ${toStepError(error).message}`)
    }
  }
  if (faults.length > 0) throw new SluiceError(code, faults.join('; '))
  return Object.keys(checks)
}
