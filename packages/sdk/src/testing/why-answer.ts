import type { EvaluationContext, FlagReaders } from '@sluice/core'
import { targetingKeyOf } from '@sluice/core'

/** The keys that flags can be asked for. */
export type KeyIn<F extends Pick<FlagReaders<never>, 'explain'>> = Parameters<F['explain']>[0] &
  string

/**
 * Why a flag answers what it answers, in a few lines, for the message of a failed assertion.
 *
 * The first line has the answer, those behind it each step that led there.
 */
export function whyAnswer<F extends Pick<FlagReaders<never>, 'explain'>>(
  flags: F,
  key: KeyIn<F>,
  context?: EvaluationContext,
): string {
  const { answer, environment, origin, steps, exposure } = flags.explain(key as never, context)
  const { value, variant, reason, errorCode } = answer
  const served = variant === undefined ? 'nothing' : `"${variant}" (${JSON.stringify(value)})`
  const because = errorCode === undefined ? reason : `${reason}, ${errorCode}`
  const lines = [
    `flag "${key}" serves ${served} to ${subjectOf(context)} in "${environment}": ${because}`,
    ...steps.map(({ step, detail }) => `  ${step}: ${detail}`),
  ]
  if (origin !== '') lines.push(`  its definition comes from ${origin}`)
  if (exposure !== undefined) lines.push(`  operators laid over it: ${JSON.stringify(exposure)}`)
  return lines.join('\n')
}

/** The subject of a context in words. */
export function subjectOf(context: EvaluationContext): string {
  try {
    const key = targetingKeyOf(context)
    return key === undefined ? 'nobody' : `"${key}"`
  } catch {
    return 'a context that cannot be read'
  }
}
