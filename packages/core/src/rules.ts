import type { Answer } from './answer.ts'
import type { Test } from './condition.ts'
import { type AttributeReader, type EvaluationContext, readAttribute, readerOf } from './context.ts'
import type { Rule } from './definition.ts'
import { equalityOf } from './equality.ts'
import { decideOutcome, type Outcome } from './outcome.ts'
import type { Scope } from './scope.ts'

/** A rule, compiled. */
export interface CompiledRule {
  readonly test: Test
  readonly outcome: Outcome
  readonly position: number
  /** The run that begins with this rule, where one does. */
  run: IndexedRun | undefined
}

/** Runs below this number of rules are as fast to try one by one. */
const shortestRun = 3

/** The answer of the first rule that gives one. */
export function decideRules(
  rules: readonly CompiledRule[],
  context: EvaluationContext,
  scope: Scope,
  now: number | undefined,
): Answer | undefined {
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as CompiledRule
    const { run } = rule
    const value = run && readAttribute(run.attribute, context)
    let chosen = run?.index.get(value)
    if (chosen !== undefined) i = chosen.position
    // A list may match several rules: those are tried one by one.
    else if (run === undefined || typeof value === 'object') {
      if (rule.test(context, scope)) chosen = rule
    } else i = run.end - 1
    const answer = chosen && decideOutcome(chosen.outcome, context, now)
    if (answer !== undefined) return answer
  }
  return undefined
}

/**
 * A run of rules that compare one attribute for equality, answered through an index, so that the
 * tenth rule costs what the first does.
 */
export interface IndexedRun {
  /** The first rule beyond the run. */
  readonly end: number
  readonly attribute: AttributeReader
  /** From a value to the first rule in the run that names it. */
  readonly index: ReadonlyMap<unknown, CompiledRule>
}

/** Finds the runs in a flag's rules and hangs each on its first compiled rule. */
export function indexRuns(rules: readonly Rule[], compiled: readonly CompiledRule[]): void {
  let start = 0
  while (start < rules.length) {
    const attribute = equalityOf((rules[start] as Rule).if)?.attribute
    const index = new Map<unknown, CompiledRule>()
    let end = start
    for (; attribute !== undefined && end < rules.length; end++) {
      const equality = equalityOf((rules[end] as Rule).if)
      if (equality?.attribute !== attribute) break
      const rule = compiled[end] as CompiledRule
      for (const value of equality.values) if (!index.has(value)) index.set(value, rule)
    }
    if (attribute !== undefined && end - start >= shortestRun) {
      const first = compiled[start] as CompiledRule
      first.run = { end, attribute: readerOf(attribute), index }
    }
    start = Math.max(end, start + 1)
  }
}
