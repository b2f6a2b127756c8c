import { type Declaration, type DeclaredCondition, declaredConditions } from './counts.ts'
import { SluiceError } from './error.ts'

/** It stands in every report and in the log. */
const LONGEST_BECAUSE = 500

/**
 * A declaration as it stands in the counts, its line cut to 500 characters.
 *
 * @throws SluiceError `invalid_declaration` for any other condition, or no line. A declaration that was dropped in silence
 * would leave the canary in service.
 */
export function createDeclaration(condition: unknown, because: unknown, at: unknown): Declaration {
  if (!declaredConditions.includes(condition as DeclaredCondition)) {
    throw refuse(`condition is ${String(condition)}, not one of ${declaredConditions.join(', ')}`)
  }
  if (typeof because !== 'string' || because === '') throw refuse('because is no line for people')
  if (typeof at !== 'number' || !Number.isFinite(at)) throw refuse('its time is no time')
  return {
    condition: condition as DeclaredCondition,
    because: because.slice(0, LONGEST_BECAUSE),
    at,
  }
}

/** A declaration from elsewhere; undefined where there is none, or what is there is no declaration. */
export function readDeclaration(declared: unknown): Declaration | undefined {
  if (declared === undefined) return undefined
  const { condition, because, at } = Object(declared) as Partial<Declaration>
  try {
    return createDeclaration(condition, because, at)
  } catch {
    return undefined
  }
}

/** The one that was made last. */
export function findLastDeclaration(declarations: readonly Declaration[]): Declaration | undefined {
  return declarations.reduce<Declaration | undefined>(
    (last, each) => (last === undefined || each.at > last.at ? each : last),
    undefined,
  )
}

function refuse(fault: string): SluiceError {
  return new SluiceError('invalid_declaration', `Not declared: ${fault}`)
}
