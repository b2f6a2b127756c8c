import type { Explanation } from '@sluice/core'
import type { Context } from '../context.ts'
import { clean, wrap } from '../text.ts'
import { formatInstant } from '../time.ts'

/** Where the definition comes from, and who moved it last. */
export function sourceLines(
  { origin, exposure }: Explanation,
  moved:
    | {
        readonly revision: number
        readonly actor: string
        readonly at: number
        readonly reason: string
      }
    | undefined,
  { color, width }: Context['terminal'],
): string[] {
  const lines = [`The definition comes from ${origin}.`]
  if (exposure !== undefined) {
    const by =
      moved === undefined
        ? ''
        : ` by ${moved.actor}, ${formatInstant(moved.at)}: ${moved.reason} (revision ${moved.revision})`
    lines.push(`Laid over it${by}: ${JSON.stringify(exposure)}`)
  }
  return lines.flatMap((line) => wrap(clean(line), Math.min(width, 110))).map(color.dim)
}
