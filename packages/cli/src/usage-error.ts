import { nearestName, SluiceError } from '@sluice/core'
import type { FlagClient } from '@sluice/stores'
import { flagOfKey } from './log-key.ts'

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

/**
 * The error for a flag that nobody defined; it proposes those that only the log knows, too: an exposure
 * or a rollout of a flag that the services define in their code.
 */
export function unknownFlag(
  key: string,
  flags: Pick<FlagClient, 'environment' | 'replica'>,
  defined: readonly string[],
): SluiceError {
  const { environment, replica } = flags
  const inLog = ['exposure', 'rollout'].flatMap((kind) => replica.keys(`${kind}/${environment}/`))
  const undefinedHere = [...new Set(inLog.map(flagOfKey))].filter(
    (each) => each !== undefined && !defined.includes(each),
  ) as string[]
  const lines = [`There is no flag "${key}" in ${environment}.`]
  if (undefinedHere.includes(key)) {
    lines[0] = `Nothing here defines "${key}": only the log in ${environment} knows it.`
    lines.push(
      'Name its definitions in the configuration, or type sluice apply flags.yaml.',
      `sluice kill ${key} --reason "…" turns it off even so; sluice log --flag ${key} shows who moved it.`,
    )
    return new SluiceError('flag_not_found', lines.join('\n'), { flag: key })
  }
  const nearest = nearestName(key, [...defined, ...undefinedHere])
  if (nearest !== undefined) lines.push(`Did you mean ${nearest}?`)
  lines.push(
    defined.length === 0
      ? 'No flag is defined here: sluice init writes a first one, sluice apply flags.yaml adds it to the log.'
      : `sluice flags lists the ${defined.length} there ${defined.length === 1 ? 'is' : 'are'}.`,
  )
  return new SluiceError('flag_not_found', lines.join('\n'), { flag: key })
}
