import type { Declaration, DeclaredCondition } from './counts.ts'
import { SluiceError } from './error.ts'

const conditions: readonly DeclaredCondition[] = [
  'critical_feature_broken',
  'data_corruption',
  'security_vulnerability',
]

/** It stands in every report and in the log. */
const LONGEST_BECAUSE = 500

/**
 * A declaration as it stands in the counts, its line cut to 500 characters.
 *
 * @throws SluiceError `invalid_declaration` for any other condition, or no line. A declaration that was dropped in silence
 * would leave the canary in service.
 */
export function createDeclaration(condition: unknown, because: unknown): Declaration {
  if (!conditions.includes(condition as DeclaredCondition)) {
    throw refuse(`condition is ${String(condition)}, not one of ${conditions.join(', ')}`)
  }
  if (typeof because !== 'string' || because === '') throw refuse('because is no line for people')
  return { condition: condition as DeclaredCondition, because: because.slice(0, LONGEST_BECAUSE) }
}

function refuse(fault: string): SluiceError {
  return new SluiceError('invalid_declaration', `Not declared: ${fault}`)
}
