import type * as z from 'zod'
import { SluiceError } from './errors.ts'
import { nearestName } from './nearest.ts'
import { operatorNames } from './operators.ts'

type Issue = z.core.$ZodIssue

/** What a text in an error is cut to. */
const longestFound = 80
/** What one part of a pointer is cut to: beyond the longest key, which is 200. */
const longestPart = 300

const knownNames = [
  'enabled',
  'rollout',
  'serve',
  'split',
  'rules',
  'schedule',
  'description',
  'owner',
  'tags',
  'kind',
  'createdAt',
  'expiresAt',
  'metadata',
  'environments',
  'variants',
  'offVariant',
  'bucketBy',
  'salt',
  'prerequisites',
  'id',
  'if',
  'otherwise',
  'from',
  'until',
  'fullAt',
  'attribute',
  'all',
  'any',
  'not',
  'segment',
  'flag',
  'flags',
  'segments',
  'version',
  ...operatorNames,
]

/** Turns what zod found into the one error that names the place, the expected and the found. */
export function schemaError(
  root: unknown,
  issues: readonly Issue[],
  path: readonly PropertyKey[],
  flag?: string,
): SluiceError {
  const issue = deepest(issues)
  const [code, expected, name] = describe(issue)
  const place = [...path, ...issue.path, ...(name === undefined ? [] : [name])]
  const pointer = pointerTo(place)
  const found = name === undefined ? show(valueAt(root, issue.path)) : shorten(name)
  const subject = flag === undefined ? '' : `flag "${flag}": `
  return new SluiceError(code, `${subject}${pointer} ${expected}, found ${found}`, {
    ...(flag === undefined ? {} : { flag }),
    pointer,
    expected,
    found,
  })
}

/** A JSON pointer (RFC 6901) to a place. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path
    .map(
      (part) =>
        `/${shorten(String(part), longestPart).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    )
    .join('')
}

/** Names as an error lists them: the first twenty. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => shorten(name))
  return names.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ')
}

/** A value as an error shows it: short, and never throwing. */
export function show(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint' || value === undefined) {
    return String(value)
  }
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  try {
    return shorten(JSON.stringify(value))
  } catch {
    return 'a value that is not JSON'
  }
}

/** A text as an error shows it: cut where it is long. */
export function shorten(text: string, longest = longestFound): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

function describe(issue: Issue): [code: string, expected: string, name?: string] {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const name = String(issue.keys[0])
      const near = nearestName(name, knownNames)
      return [
        'unknown_property',
        `is not known${near === undefined ? '' : ` (did you mean "${near}"?)`}`,
        name,
      ]
    }
    case 'invalid_type':
      return ['invalid_type', `must be ${issue.expected}`]
    case 'too_small':
      return ['out_of_range', `must be at least ${issue.minimum}`]
    case 'too_big':
      return ['out_of_range', `must be at most ${issue.maximum}`]
    case 'invalid_value':
      return ['invalid_value', `must be one of ${issue.values.map(String).join(', ')}`]
    case 'invalid_union':
      return ['invalid_type', 'must be of another type']
    default:
      return ['invalid_value', issue.message]
  }
}

/** The issue furthest inside: of a union's branches the one that came closest speaks. */
function deepest(issues: readonly Issue[]): Issue {
  const flat = issues.flatMap(flatten)
  return flat.reduce((best, each) => (each.path.length > best.path.length ? each : best))
}

function flatten(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const inner = issue.errors
    .flat()
    .flatMap(flatten)
    .map((each) => ({ ...each, path: [...issue.path, ...each.path] }))
  return [issue, ...inner]
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<PropertyKey, unknown>)[part]
  }
  return value
}
