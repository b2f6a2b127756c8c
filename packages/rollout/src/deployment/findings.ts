import { SluiceError } from '@sluice/core'
import { toStepError } from '../procedure/attempt.ts'
import type { StepContext } from '../procedure/step.ts'
import type { Check, Finding } from './deployment-contract.ts'

/** Why a finding is bad; undefined where all is well. */
export function faultOf(finding: Finding): string | undefined {
  if (finding === undefined || finding === true) return undefined
  if (finding === false) return 'it says no'
  if (typeof finding !== 'object' || finding === null) return 'its answer cannot be read'
  if (finding.isHealthy === true) return undefined
  return finding.because ?? 'it says no'
}

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
