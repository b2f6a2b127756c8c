import type { Condition, Scalar } from './definition.ts'
import { asList } from './operators.ts'

/** A condition that only compares one attribute for equality. */
export interface Equality {
  readonly attribute: string
  readonly values: readonly Scalar[]
}

/** The condition as an equality; undefined where it asks for anything more or else. */
export function equalityOf(condition: Condition): Equality | undefined {
  if (!('attribute' in condition)) return undefined
  const { attribute, ...operators } = condition
  const [[name, operand] = [], ...others] = Object.entries(operators)
  if (others.length > 0 || (name !== 'is' && name !== 'in')) return undefined
  return { attribute, values: asList(operand as Scalar | readonly Scalar[]) }
}
