import { nearestName, SluiceError } from '@sluice/core'

/** An error in what was typed: what is wrong, and on the next lines what to type instead. */
export function usageError(what: string, ...instead: string[]): SluiceError {
  return new SluiceError('invalid_usage', [what, ...instead].join('\n'))
}

/** "Did you mean …?" for a misspelt name, else the names there are, if they are few. */
export function suggest(name: string, known: readonly string[]): string | undefined {
  const nearest = nearestName(name, known)
  if (nearest !== undefined) return `Did you mean ${nearest}?`
  return known.length > 0 && known.length <= 8 ? `There is ${known.join(', ')}.` : undefined
}

/** The error for a flag that nobody defined. */
export function unknownFlag(
  key: string,
  environment: string,
  known: readonly string[],
): SluiceError {
  const lines = [`There is no flag "${key}" in ${environment}.`]
  const nearest = nearestName(key, known)
  if (nearest !== undefined) lines.push(`Did you mean ${nearest}?`)
  lines.push(
    known.length === 0
      ? 'There is no flag at all yet: sluice init writes a first one, sluice apply flags.yaml adds it to the log.'
      : `sluice flags lists the ${known.length} there ${known.length === 1 ? 'is' : 'are'}.`,
  )
  return new SluiceError('flag_not_found', lines.join('\n'), { flag: key })
}
