import { bucketCount, type ExplanationStep, type FlagSettings } from '@sluice/core'
import type { Colors } from '../terminal.ts'
import { clean, pad, wrap } from '../text.ts'
import type { Told } from './told.ts'

/** Where the text of a step begins: behind its number, its mark and its name. */
export const textIndent = 19
/** Cells of the line that shows where a user stands. */
const mostLineCells = 60

/** The line of all users, how much of it is inside, and where this one stands. */
export function lineOf(
  { step, bucketing }: ExplanationStep,
  { settings, subject }: Told,
  color: Colors,
  width: number,
): string[] {
  if (bucketing === undefined) return []
  const cells = Math.max(10, Math.min(mostLineCells, width - textIndent - 6))
  const { bucket, limit, input } = bucketing
  const spot = Math.min(cells - 1, Math.floor((bucket / bucketCount) * cells))
  const indent = ' '.repeat(textIndent)
  const inside = Math.round((limit / bucketCount) * cells)
  const track =
    step === 'rollout'
      ? color.green('━'.repeat(inside)) + color.dim('─'.repeat(cells - inside))
      : splitTrack(settings, cells, color)
  const before = spot > cells / 2
  const mark = before ? `${pad(`${subject} `, spot, 'right')}▲` : `${' '.repeat(spot)}▲ ${subject}`
  return [
    `${indent}${track} ${color.dim('100 %')}`,
    `${indent}${color.bold(mark)}`,
    ...wrap(
      `murmur3("${clean(input)}") → bucket ${bucket} of ${bucketCount}`,
      width - textIndent,
    ).map((line) => `${indent}${color.dim(line)}`),
  ]
}

function splitTrack({ split = {}, variants }: FlagSettings, cells: number, color: Colors): string {
  let from = 0
  return Object.keys(variants)
    .filter((name) => split[name] !== undefined)
    .map((name, index, names) => {
      const to =
        index === names.length - 1
          ? cells
          : Math.min(cells, from + Math.round(((split[name] ?? 0) / 100) * cells))
      const part = (index % 2 === 0 ? '━' : '─').repeat(Math.max(0, to - from))
      from = to
      return index % 2 === 0 ? color.green(part) : color.dim(part)
    })
    .join('')
}
