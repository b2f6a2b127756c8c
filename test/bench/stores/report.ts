/** A measured number, and the most it may be. */
export interface Row {
  readonly title: string
  readonly value: number
  readonly unit: string
  readonly most?: number | undefined
  readonly note?: string
}

/** The smallest value that no more than the rest of the values are above. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] as number
}

/** One line of the table. */
export function rowText({ title, value, unit, most, note = '' }: Row): string {
  const shown = value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
  const asked = most === undefined ? '' : `<= ${most} ${unit}`
  const verdict = most === undefined ? '' : value <= most ? 'met' : 'NOT MET'
  const cells = [title.padEnd(66), `${shown} ${unit}`.padStart(14), asked.padEnd(14)]
  return [...cells, verdict.padEnd(8), note].join('  ').trimEnd()
}
