import { bucketCount, type EvaluationContext, type ExplanationStep } from '@sluice/core'
import { formatPercent } from '../bar.ts'
import {
  attributesOf,
  describeCondition,
  describeOutcome,
  describeUnmet,
} from '../condition-text.ts'
import type { Context } from '../context.ts'
import { describeShare } from '../flag-state.ts'
import { clean, pad, wrap } from '../text.ts'
import type { Told } from './told.ts'
import { lineOf, textIndent } from './user-line.ts'

/** The way to the answer, step by step. */
export function stepLines(told: Told, { color, width }: Context['terminal']): string[] {
  const { steps } = told.explanation
  const wide = Math.min(width, 110)
  const lines: string[] = []
  let rule = 0
  for (const [index, step] of steps.entries()) {
    const mark = step.passed ? color.green('✓') : color.dim('✗')
    const text = step.step === 'rule' ? ruleText(told, rule++, step) : detailOf(step, told)
    const [first = '', ...more] = wrap(text, wide - textIndent)
    lines.push(`${color.dim(`${index + 1}`)}  ${mark} ${pad(step.step, 12)}  ${first}`)
    lines.push(...more.map((line) => `${' '.repeat(textIndent)}${line}`))
    if (step.bucketing !== undefined) lines.push(...lineOf(step, told, color, wide))
  }
  return lines
}

function detailOf(
  { step, detail, bucketing, passed }: ExplanationStep,
  { settings, subject }: Told,
) {
  if (bucketing === undefined) return clean(detail)
  const at = formatPercent((bucketing.bucket / bucketCount) * 100)
  if (step === 'split')
    return `${subject} falls to ${clean(detail.replace(/^.* falls to /u, ''))}, of ${describeShare({ rollout: 100, split: settings.split })}`
  const share = formatPercent((bucketing.limit / bucketCount) * 100)
  return passed
    ? `${subject} stands at ${at}, inside the ${share}`
    : `${subject} stands at ${at}, outside the ${share}`
}

/** A rule with what it asks for, and what the user has. */
function ruleText(
  { settings, user, findSegment }: Told,
  index: number,
  { passed }: ExplanationStep,
): string {
  const rule = settings.rules[index]
  if (rule === undefined) return ''
  const name = rule.id === undefined ? '' : `${rule.id}: `
  if (passed) {
    return clean(`${name}${describeCondition(rule.if, findSegment)} → ${describeOutcome(rule)}`)
  }
  const has = attributesOf(rule.if, findSegment)
    .map((attribute) => `${attribute} is ${show(valueAt(user, attribute))}`)
    .join(', ')
  return clean(`${name}${describeUnmet(rule.if, findSegment)}${has === '' ? '' : `: ${has}`}`)
}

function valueAt(user: EvaluationContext | undefined, attribute: string): unknown {
  const path = attribute.startsWith('/') ? attribute.slice(1).split('/') : [attribute]
  let value: unknown = typeof user === 'string' ? { targetingKey: user } : user
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name]
  return value
}

function show(value: unknown): string {
  if (value === undefined) return 'not given'
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'not given')
}
