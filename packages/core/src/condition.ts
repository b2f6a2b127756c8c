import { type EvaluationContext, readAttribute, readerOf } from './context.ts'
import type { Condition } from './definition.ts'
import type { Engines } from './engine-types.ts'
import { compileOperators } from './operators.ts'
import type { Scope } from './scope.ts'

/** A compiled condition. Pure; may throw only what a getter of the context throws. */
export type Test = (context: EvaluationContext, scope: Scope) => boolean

/**
 * Compiles a condition into closures.
 *
 * A segment is looked up when it is asked, so that changing one leaves the flags that use it
 * compiled.
 *
 * @throws SluiceError `engine_missing`.
 */
export function compileCondition(condition: Condition, engines: Engines): Test {
  const isAll = 'all' in condition
  if (isAll || 'any' in condition) {
    const parts = isAll ? condition.all : condition.any
    const tests = parts.map((each) => compileCondition(each, engines))
    return (context, scope) => {
      for (const test of tests) if (test(context, scope) !== isAll) return !isAll
      return isAll
    }
  }
  if ('not' in condition) {
    const test = compileCondition(condition.not, engines)
    return (context, scope) => !test(context, scope)
  }
  if ('segment' in condition) {
    const { segment } = condition
    return (context, scope) => scope.segment(segment)(context, scope)
  }
  const attribute = readerOf(condition.attribute)
  const test = compileOperators(condition, engines)
  return (context) => test(readAttribute(attribute, context))
}
