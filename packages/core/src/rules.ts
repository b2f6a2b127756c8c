import type { Answer } from './answer.ts'
import type { Test } from './condition.ts'
import { type AttributeReader, type EvaluationContext, readerOf } from './context.ts'
import type { Condition, Rule, Scalar } from './definition.ts'
import type { Outcome } from './outcome.ts'
import type { Scope } from './scope.ts'

/** Runs the rules in order; undefined where none decided. */
export type RuleRunner = (context: EvaluationContext, scope: Scope) => Answer | undefined

/** A rule, compiled. */
export interface CompiledRule {
  readonly test: Test
  readonly outcome: Outcome
}

/** Rules below this number are as fast to try one by one. */
const shortestRun = 3

/**
 * Joins compiled rules into one runner.
 *
 * A run of rules that compare one attribute for equality is answered through an index from value to
 * the first rule that names it, so that the tenth rule costs what the first does.
 */
export function compileRules(
  rules: readonly Rule[],
  compiled: readonly CompiledRule[],
): RuleRunner | undefined {
  if (compiled.length === 0) return undefined
  const runs = findRuns(rules)
  const [only] = compiled
  if (only !== undefined && compiled.length === 1) {
    const { test, outcome } = only
    return (context, scope) => (test(context, scope) ? outcome(context, 1) : undefined)
  }
  const [run] = runs
  if (run !== undefined && run.start === 0 && run.end === rules.length) {
    return runIndexed(run, compiled)
  }
  const runAt = new Map(runs.map((each) => [each.start, each]))
  return (context, scope) => {
    for (let i = 0; i < compiled.length; i++) {
      const indexed = runAt.get(i)
      if (indexed !== undefined) {
        const value = indexed.read(context)
        if (typeof value !== 'object') {
          const hit = indexed.index.get(value)
          if (hit === undefined) {
            i = indexed.end - 1
            continue
          }
          i = hit
        }
      }
      const answer = tryRule(compiled, i, context, scope)
      if (answer !== undefined) return answer
    }
    return undefined
  }
}

function runIndexed(run: IndexedRun, compiled: readonly CompiledRule[]): RuleRunner {
  const { read, index } = run
  return (context, scope) => {
    const value = read(context)
    let i = 0
    if (typeof value !== 'object') {
      const hit = index.get(value)
      if (hit === undefined) return undefined
      const answer = (compiled[hit] as CompiledRule).outcome(context, 1)
      if (answer !== undefined) return answer
      i = hit + 1
    }
    for (; i < compiled.length; i++) {
      const answer = tryRule(compiled, i, context, scope)
      if (answer !== undefined) return answer
    }
    return undefined
  }
}

function tryRule(
  compiled: readonly CompiledRule[],
  i: number,
  context: EvaluationContext,
  scope: Scope,
): Answer | undefined {
  const rule = compiled[i] as CompiledRule
  return rule.test(context, scope) ? rule.outcome(context, 1) : undefined
}

interface IndexedRun {
  readonly start: number
  /** The first rule beyond the run. */
  readonly end: number
  readonly read: AttributeReader
  /** From a value to the first rule in the run that names it. */
  readonly index: ReadonlyMap<unknown, number>
}

function findRuns(rules: readonly Rule[]): IndexedRun[] {
  const runs: IndexedRun[] = []
  let start = 0
  while (start < rules.length) {
    const attribute = equalityOf(rules[start]?.if)?.attribute
    const index = new Map<unknown, number>()
    let end = start
    for (; attribute !== undefined && end < rules.length; end++) {
      const equality = equalityOf(rules[end]?.if)
      if (equality?.attribute !== attribute) break
      for (const value of equality.values) if (!index.has(value)) index.set(value, end)
    }
    if (attribute !== undefined && end - start >= shortestRun) {
      runs.push({ start, end, read: readerOf(attribute), index })
    }
    start = Math.max(end, start + 1)
  }
  return runs
}

function equalityOf(
  condition: Condition | undefined,
): { attribute: string; values: readonly Scalar[] } | undefined {
  if (condition === undefined || !('attribute' in condition)) return undefined
  const { attribute, ...operators } = condition
  const [[name, operand] = [], ...others] = Object.entries(operators)
  if (others.length > 0 || (name !== 'is' && name !== 'in')) return undefined
  return { attribute, values: Array.isArray(operand) ? operand : [operand as Scalar] }
}
