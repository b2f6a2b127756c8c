import type { Condition } from './definition.ts'
import type { ExplainScope } from './explanation.ts'

/** The segments that conditions name, and those that these name in turn, by name; a name without a segment is left out. */
export function openSegments(
  conditions: readonly Condition[],
  scope: Pick<ExplainScope, 'condition'>,
): Map<string, Condition> {
  const opened = new Map<string, Condition>()
  const waiting = [...conditions]
  for (const condition of waiting) {
    if ('all' in condition) waiting.push(...condition.all)
    else if ('any' in condition) waiting.push(...condition.any)
    else if ('not' in condition) waiting.push(condition.not)
    else if ('segment' in condition && !opened.has(condition.segment)) {
      const segment = scope.condition(condition.segment)
      if (segment === undefined) continue
      opened.set(condition.segment, segment)
      waiting.push(segment)
    }
  }
  return opened
}
