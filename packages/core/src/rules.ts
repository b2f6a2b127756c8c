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
}

/** Rules below this number are as fast to try one by one. */
const shortestRun = 3

/**
 * Compiled rules, tried in order.
 *
 * A run of rules that compare one attribute for equality is answered through an index from value to
 * the first rule that names it, so that the tenth rule costs what the first does.
 */
export interface CompiledRules {
  readonly compiled: readonly CompiledRule[]
  /** By the position of their first rule. */
  readonly runs: readonly (IndexedRun | undefined)[]
}

/** The answer of the first rule that gives one. */
export function decideRules(
  { compiled, runs }: CompiledRules,
  context: EvaluationContext,
  scope: Scope,
  now: number | undefined,
): Answer | undefined {
  for (let i = 0; i < compiled.length; i++) {
    const run = runs[i]
    if (run !== undefined) {
      const value = readAttribute(run.attribute, context)
      // A list may match several rules: those are tried one by one.
      if (typeof value !== 'object') {
        const hit = run.index.get(value)
        const answer = hit && decideOutcome(hit.outcome, context, now)
        if (answer !== undefined) return answer
        i = hit === undefined ? run.end - 1 : compiled.indexOf(hit)
        continue
      }
    }
    const { test, outcome } = compiled[i] as CompiledRule
    const answer = test(context, scope) ? decideOutcome(outcome, context, now) : undefined
    if (answer !== undefined) return answer
  }
  return undefined
}

interface IndexedRun {
  /** The first rule beyond the run. */
  readonly end: number
  readonly attribute: AttributeReader
  /** From a value to the first rule in the run that names it. */
  readonly index: ReadonlyMap<unknown, CompiledRule>
}

/**
 * The runs of rules that an index answers, by the position of their first rule.
 *
 * @param compiled The same rules, compiled.
 */
export function findRuns(
  rules: readonly Rule[],
  compiled: readonly CompiledRule[],
): (IndexedRun | undefined)[] {
  const runs: (IndexedRun | undefined)[] = rules.map(() => undefined)
  let start = 0
  while (start < rules.length) {
    const attribute = equalityOf((rules[start] as Rule).if)?.attribute
    const index = new Map<unknown, CompiledRule>()
    let end = start
    for (; attribute !== undefined && end < rules.length; end++) {
      const equality = equalityOf((rules[end] as Rule).if)
      if (equality?.attribute !== attribute) break
      for (const value of equality.values)
        if (!index.has(value)) index.set(value, compiled[end] as CompiledRule)
    }
    if (attribute !== undefined && end - start >= shortestRun) {
      runs[start] = { end, attribute: readerOf(attribute), index }
    }
    start = Math.max(end, start + 1)
  }
  return runs
}
