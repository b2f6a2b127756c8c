import type { Explanation } from '@sluice/core'
import type { Colors } from '../terminal.ts'
import { clean } from '../text.ts'
import { formatInstant } from '../time.ts'
import type { Told } from './told.ts'

/** What the user gets, and the reason in a sentence. */
export function answerLines(
  { explanation, settings, subject }: Told,
  color: Colors,
  at: number | undefined,
): string[] {
  const { key, environment, answer } = explanation
  const isOff = answer.variant === undefined || answer.variant === settings.offVariant
  const variant = answer.variant ?? 'no variant'
  const value = JSON.stringify(answer.value)
  // A variant that is named for its value, or is on or off, says it already.
  const isPlain = typeof answer.value === 'boolean' || answer.value === answer.variant
  const told = value === undefined || isPlain ? '' : ` = ${value}`
  const when = at === undefined ? '' : ` at ${formatInstant(at)}`
  const paint = answer.reason === 'ERROR' ? color.red : isOff ? color.bold : color.green
  return [
    `${color.bold(clean(key))} ${color.dim('for')} ${subject} ${color.dim(`in ${environment}${when}`)}`,
    '',
    `${paint(`${clean(variant)}${told}`)}  ${color.dim(whyOf(explanation))}`,
    ...(answer.errorMessage === undefined ? [] : [color.red(answer.errorMessage)]),
  ]
}

/** The answer's reason in a sentence; the code is what OpenFeature calls it. */
function whyOf({ answer, steps }: Explanation): string {
  const { reason, rule } = answer
  const last = steps.findLast(({ bucketing }) => bucketing !== undefined)
  const sentences: { readonly [reason: string]: string } = {
    DISABLED: 'because the flag does not let anybody on here',
    TARGETING_MATCH: `because rule ${rule} matches`,
    SPLIT:
      last?.step === 'rollout' && !last.passed
        ? 'because the share does not reach this user yet'
        : 'because of where this user falls on the line',
    STATIC: 'as for everybody',
    DEFAULT: 'as for everybody whom no rule matches',
  }
  return `${sentences[reason] ?? 'because of an error'} (${[reason, answer.errorCode].filter(Boolean).join(', ')})`
}
