import type { Condition, Rule } from '@sluice/core'

/** A condition in words: `country is DE`, `plan is pro and not (beta)`. */
export function describeCondition(condition: Condition): string {
  if ('all' in condition) return join(condition.all, ' and ')
  if ('any' in condition) return join(condition.any, ' or ')
  if ('not' in condition) return `not (${describeCondition(condition.not)})`
  if ('segment' in condition) return `in segment ${condition.segment}`
  const { attribute, ...operators } = condition
  return Object.entries(operators)
    .map(([operator, value]) => `${attribute} ${wordOf(operator)} ${show(value)}`)
    .join(' and ')
}

/** A condition that did not hold, in words. */
export function describeUnmet(condition: Condition): string {
  const text = describeCondition(condition)
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

/** The attributes that a condition asks for, each once, in the order they stand. */
export function attributesOf(condition: Condition): string[] {
  if ('all' in condition) return unique(condition.all.flatMap(attributesOf))
  if ('any' in condition) return unique(condition.any.flatMap(attributesOf))
  if ('not' in condition) return attributesOf(condition.not)
  return 'segment' in condition ? [] : [condition.attribute]
}

function join(conditions: readonly Condition[], word: string): string {
  const parts = conditions.map((each) => {
    const isGroup = 'all' in each || 'any' in each
    return isGroup ? `(${describeCondition(each)})` : describeCondition(each)
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
