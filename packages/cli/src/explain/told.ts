import {
  type EvaluationContext,
  type Explanation,
  type FlagDefinition,
  type FlagSettings,
  targetingKeyOf,
} from '@sluice/core'
import type { FindSegment } from '../condition-text.ts'
import { clean } from '../text.ts'

/** What an explanation is told of. */
export interface Told {
  readonly explanation: Explanation
  readonly settings: FlagSettings
  readonly user: EvaluationContext | undefined
  /** What the user is called. */
  readonly subject: string
  readonly findSegment: FindSegment
}

/** What a user is called: what they are placed by. */
export function nameOf(user: EvaluationContext | undefined, { bucketBy }: FlagDefinition): string {
  if (user === undefined) return 'nobody in particular'
  const own = bucketBy === undefined ? undefined : (user as Record<string, unknown>)[bucketBy]
  return clean(String(own ?? targetingKeyOf(user) ?? 'a user without an id'))
}
