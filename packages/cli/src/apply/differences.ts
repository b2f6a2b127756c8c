/** Two values of a place that differ; undefined where there is none. */
export interface Difference {
  /** Names from the outside in, joined by dots: `environments.production.rollout`. */
  readonly place: string
  readonly before: unknown
  readonly after: unknown
}

/** Where two JSON values differ, object by object; lists are compared as a whole. */
export function findDifferences(
  before: unknown,
  after: unknown,
  path: string[] = [],
): Difference[] {
  if (isRecord(before) && isRecord(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...names].flatMap((name) => findDifferences(before[name], after[name], [...path, name]))
  }
  return isSame(before, after) ? [] : [{ place: path.join('.'), before, after }]
}

function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((each, index) => isSame(each, other[index]))
  }
  // A store may not keep the order of an object's keys.
  if (isRecord(one) && isRecord(other)) return findDifferences(one, other).length === 0
  return one === other
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
