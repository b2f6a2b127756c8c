import type { z } from 'zod'

/** Where an input is wrong, what would have been right there, and what stood there. */
export interface Fault {
  /** A JSON pointer (RFC 6901). */
  readonly pointer: string
  readonly expected: string
  readonly found: string
}

/** The first fault zod found, in the words of this project's errors. */
export function describeIssue(error: z.ZodError, input: unknown): Fault {
  const issue = error.issues[0]
  if (issue === undefined) return { pointer: '', expected: 'valid data', found: show(input) }
  if (issue.code === 'unrecognized_keys') {
    const pointer = toPointer([...issue.path, issue.keys[0] ?? ''])
    return { pointer, expected: 'no such property', found: issue.keys.join(', ') }
  }
  return {
    pointer: toPointer(issue.path),
    expected: expectation(issue),
    found: show(valueAt(input, issue.path)),
  }
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return typeNames[issue.expected] ?? `a ${issue.expected}`
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ')
  if (issue.code === 'too_small') {
    if (issue.origin === 'array') return `at least ${issue.minimum} entry`
    return `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
  }
  if (issue.code === 'too_big')
    return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`
  return issue.message
}

const typeNames: Record<string, string> = {
  array: 'a list',
  object: 'an object',
  int: 'a whole number',
}

function toPointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (value === null || value === undefined ? undefined : (value as never)[step]),
    input,
  )
}

/** Long values are cut: an error message is read by a person. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
