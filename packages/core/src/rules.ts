import type { Test } from './condition.ts'
import { type AttributeReader, readerOf } from './context.ts'
import type { Rule, Scalar } from './definition.ts'
import { asList } from './operators.ts'
import type { Outcome } from './outcome.ts'

/** A rule, compiled. */
export interface CompiledRule {
  readonly test: Test
  readonly outcome: Outcome
}

/** Rules below this number are as fast to try one by one. */
const shortestRun = 3

/**
 * Joins compiled rules into one outcome, undefined where none of them decided; or into nothing,
 * where there are no rules.
 *
 * A run of rules that compare one attribute for equality is answered through an index from value to
 * the first rule that names it, so that the tenth rule costs what the first does.
 */
export function compileRules(
  rules: readonly Rule[],
  compiled: readonly CompiledRule[],
): Outcome | undefined {
  const count = compiled.length
  if (count === 0) return undefined
  const runAt = findRuns(rules)
  return (context, scope, now) => {
    for (let i = 0; i < count; i++) {
      const run = runAt[i]
      if (run !== undefined) {
        const value = run.read(context)
        // A list may match several rules: those are tried one by one.
        if (typeof value !== 'object') {
          const hit = run.index.get(value)
          const answer = hit === undefined ? hit : compiled[hit]?.outcome(context, scope, now)
          if (answer !== undefined) return answer
          i = hit ?? run.end - 1
          continue
        }
      }
      const { test, outcome } = compiled[i] as CompiledRule
      const answer = test(context, scope) ? outcome(context, scope, now) : undefined
      if (answer !== undefined) return answer
    }
    return undefined
  }
}

interface IndexedRun {
  /** The first rule beyond the run. */
  readonly end: number
  readonly read: AttributeReader
  /** From a value to the first rule in the run that names it. */
  readonly index: ReadonlyMap<unknown, number>
}

/** The runs by the position of their first rule. */
function findRuns(rules: readonly Rule[]): (IndexedRun | undefined)[] {
  const runs: (IndexedRun | undefined)[] = rules.map(() => undefined)
  let start = 0
  while (start < rules.length) {
    const attribute = equalityOf(rules[start] as Rule)?.attribute
    const index = new Map<unknown, number>()
    let end = start
    for (; attribute !== undefined && end < rules.length; end++) {
      const equality = equalityOf(rules[end] as Rule)
      if (equality?.attribute !== attribute) break
      for (const value of equality.values) if (!index.has(value)) index.set(value, end)
    }
    if (attribute !== undefined && end - start >= shortestRun) {
      runs[start] = { end, read: readerOf(attribute), index }
    }
    start = Math.max(end, start + 1)
  }
  return runs
}

function equalityOf({
  if: condition,
}: Rule): { attribute: string; values: readonly Scalar[] } | undefined {
  if (!('attribute' in condition)) return undefined
  const { attribute, ...operators } = condition
  const [[name, operand] = [], ...others] = Object.entries(operators)
  if (others.length > 0 || (name !== 'is' && name !== 'in')) return undefined
  return { attribute, values: asList(operand as Scalar | readonly Scalar[]) }
}
