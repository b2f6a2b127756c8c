/** One number of the policy as docs/policy.md shows it. */
export interface PolicyRow {
  readonly pointer: string
  readonly value: string
  readonly numbers: string
}

/** The policy's numbers in order, each with the requirement it serves. */
export function rowsOf(policy: object, references: Readonly<Record<string, string>>): PolicyRow[] {
  return leavesOf(policy, '').map(([pointer, value]) => ({
    pointer,
    value: showValue(pointer, value),
    numbers: referenceOf(pointer, references),
  }))
}

function leavesOf(value: unknown, pointer: string): [pointer: string, value: unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[pointer, value]]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, `${pointer}/${key}`))
}

function referenceOf(pointer: string, references: Readonly<Record<string, string>>): string {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const numbers = references[at]
    if (numbers !== undefined) return numbers
  }
  throw new Error(`no requirement for ${pointer}`)
}

function showValue(pointer: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'number' && pointer.endsWith('Ms') ? showMs(value) : String(value)
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** A time in its largest whole unit, 24 h rather than a day: so the policy document writes it. */
function showMs(ms: number): string {
  for (const [unit, size] of units) {
    if (ms % size === 0 && ms >= (unit === 'd' ? 3 * size : size)) return `${ms / size} ${unit}`
  }
  return `${ms} ms`
}
