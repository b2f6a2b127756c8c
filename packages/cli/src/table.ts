import { cut, pad, widthOf } from './text.ts'

/** One column of a table. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /**
   * Whether it gives way where the window is narrow: its texts are cut. The rightmost such column
   * shrinks first.
   */
  readonly shrinks?: boolean
  /** How narrow it gets before the next one shrinks. Default 8. */
  readonly least?: number
  /** How wide it is even where its texts are narrower: rows that come later stand below the first. */
  readonly atLeast?: number
  /** Paints a text after it was cut and padded, row by row. */
  readonly paint?: (text: string, row: number) => string
}

/** How a table is set. */
export interface TableOptions {
  /** Columns of the window. */
  readonly width: number
  /** Paints the titles; leave it out for a table without titles. */
  readonly title?: (text: string) => string
  readonly indent?: number
}

/** Between columns. */
const gap = '  '

/** Sets rows of plain texts in columns, as lines no wider than the window where that can be. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, title, indent = 0 }: TableOptions,
): string[] {
  const widths = columns.map((column, index) =>
    Math.max(
      column.atLeast ?? 0,
      title === undefined ? 0 : widthOf(column.title),
      ...rows.map((row) => widthOf(row[index] ?? '')),
    ),
  )
  shrink(columns, widths, width - indent)
  const used = columns.map((_, index) => index).filter((index) => widths[index] !== 0)
  const line = (row: readonly string[], paint: (text: string, index: number) => string) => {
    const cells = used.map((index) => {
      const cell = cut(row[index] ?? '', widths[index]!)
      const { align } = columns[index]!
      // The last column is not padded: no line ends in spaces.
      const isLast = index === used.at(-1) && align !== 'right'
      return paint(isLast ? cell : pad(cell, widths[index]!, align), index)
    })
    return `${' '.repeat(indent)}${cells.join(gap)}`.trimEnd()
  }
  const lines = rows.map((row, number) =>
    line(row, (text, index) => columns[index]!.paint?.(text, number) ?? text),
  )
  if (title === undefined) return lines
  return [
    line(
      columns.map((each) => each.title),
      title,
    ),
    ...lines,
  ]
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const over = () =>
    widths.reduce((sum, each) => sum + (each === 0 ? 0 : each + gap.length), -gap.length) - width
  for (let index = columns.length - 1; index >= 0; index--) {
    const { shrinks = false, least = 8 } = columns[index]!
    if (!shrinks || over() <= 0) continue
    widths[index] = Math.max(Math.min(least, widths[index]!), widths[index]! - over())
  }
}
