import type { Condition, Rule } from '@sluice/core'

/** What a segment asks for; undefined where there is none of that name. */
export type FindSegment = (name: string) => Condition | undefined

/**
 * A condition in words: `country is DE`, `plan is pro and not (beta)`.
 *
 * @param find Opens segments: `in segment staff (team is shop)`. Without it they are named alone.
 */
export function describeCondition(condition: Condition, find?: FindSegment): string {
  if ('all' in condition) return join(condition.all, ' and ', find)
  if ('any' in condition) return join(condition.any, ' or ', find)
  if ('not' in condition) return `not (${describeCondition(condition.not, find)})`
  if ('segment' in condition) {
    const opened = find?.(condition.segment)
    const asks = opened === undefined ? '' : ` (${describeCondition(opened, find)})`
    return `in segment ${condition.segment}${asks}`
  }
  const { attribute, ...operators } = condition
  return Object.entries(operators)
    .map(([operator, value]) => `${attribute} ${wordOf(operator)} ${show(value)}`)
    .join(' and ')
}

/** A condition that did not hold, in words. */
export function describeUnmet(condition: Condition, find?: FindSegment): string {
  const text = describeCondition(condition, find)
  return /\b(?:and|or)\b/u.test(text) ? `not (${text})` : `not ${text}`
}

/** What a rule gives whom it matches: `on`, `20 % on`, `a 50 b 50`. */
export function describeOutcome({ rollout, serve, split, otherwise }: Rule): string {
  const served =
    split === undefined
      ? (serve ?? 'on')
      : Object.entries(split)
          .map(([name, weight]) => `${name} ${weight}`)
          .join(' ')
  const share = rollout === undefined ? served : `${rollout} % ${served}`
  return rollout !== undefined && otherwise === 'next' ? `${share}, others go on` : share
}

/** The attributes that a condition and its segments ask for, each once, in the order they stand. */
export function attributesOf(condition: Condition, find: FindSegment): string[] {
  const ofAll = (conditions: readonly Condition[]) =>
    unique(conditions.flatMap((each) => attributesOf(each, find)))
  if ('all' in condition) return ofAll(condition.all)
  if ('any' in condition) return ofAll(condition.any)
  if ('not' in condition) return attributesOf(condition.not, find)
  if ('attribute' in condition) return [condition.attribute]
  const opened = find(condition.segment)
  return opened === undefined ? [] : attributesOf(opened, find)
}

function join(conditions: readonly Condition[], word: string, find?: FindSegment): string {
  const parts = conditions.map((each) => {
    const isGroup = 'all' in each || 'any' in each
    const text = describeCondition(each, find)
    return isGroup ? `(${text})` : text
  })
  return parts.join(word)
}

const words: { readonly [operator: string]: string } = {
  in: 'is one of',
  startsWith: 'starts with',
  endsWith: 'ends with',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  semver: 'is a version',
  cidr: 'is within',
}

function wordOf(operator: string): string {
  return Object.hasOwn(words, operator) ? (words[operator] as string) : operator
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(' or ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}
