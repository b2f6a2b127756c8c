import type { Answer, FlagDefinition } from '@sluice/core'
import type { FlagMetadata } from '../answer-value.ts'

/**
 * What a flag's answer says of the flag beside its value: the definition's `kind`, `owner` and `tags`
 * (joined by commas: metadata holds scalars only), the log revision that last changed it as
 * `version`, the name that telemetry looks for, and the rule that decided. The definition's own
 * `metadata` goes before all of these.
 *
 * @returns Undefined where there is nothing to say.
 */
export function flagMetadata(
  { kind, owner, tags = [], metadata }: FlagDefinition,
  { flagRevision, rule }: Pick<Answer, 'flagRevision' | 'rule'>,
): FlagMetadata | undefined {
  const facts: FlagMetadata = {
    ...(kind === undefined ? {} : { kind }),
    ...(owner === undefined ? {} : { owner }),
    ...(tags.length === 0 ? {} : { tags: tags.join(',') }),
    // Telemetry's versions are text. Definitions from code have none.
    ...(flagRevision === 0 ? {} : { version: String(flagRevision) }),
    ...(rule === undefined ? {} : { rule }),
    ...metadata,
  }
  return Object.keys(facts).length === 0 ? undefined : Object.freeze(facts)
}
