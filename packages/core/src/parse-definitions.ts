import type * as z from 'zod'
import { checkFlag } from './check-flag.ts'
import { checkKey } from './check-key.ts'
import { checkReferences } from './check-references.ts'
import type {
  Condition,
  Exposure,
  FlagDefinition,
  FlagDefinitions,
  SegmentDefinitions,
} from './definition.ts'
import { conditionSchema, definitionSchema, exposureSchema } from './definition-schema.ts'
import { SluiceError } from './errors.ts'
import { copyJson, isPlainObject, reading } from './json-copy.ts'
import { pointerTo, schemaError, show } from './schema-error.ts'

/** A definitions document: what a file, a URL or a store holds. */
export interface DefinitionsDocument {
  readonly version: 1
  readonly flags: FlagDefinitions
  readonly segments: SegmentDefinitions
}

/** What already stands beside the definitions to be parsed. */
export interface ParseOptions {
  readonly segments?: SegmentDefinitions
  /** Flags that prerequisites may name, beside those parsed here. */
  readonly flags?: FlagDefinitions
}

/**
 * Parses definitions from outside: all of them, or none.
 *
 * @returns A deep copy that nobody else holds, each definition frozen, without what is undefined.
 * @throws SluiceError with `code`, `flag`, `pointer` (from the flag's key on), `expected`, `found`.
 */
export function parseDefinitions(input: unknown, options: ParseOptions = {}): FlagDefinitions {
  const flags = parseFlags(input, [])
  checkReferences({ ...options.flags, ...flags }, options.segments ?? {})
  return flags
}

/**
 * Parses a definitions document `{ version: 1, flags, segments? }`: all of it, or nothing. A `$schema` for editors is
 * passed over.
 *
 * @throws SluiceError as {@link parseDefinitions}; `unknown_version` for another schema version.
 */
export function parseDocument(input: unknown): DefinitionsDocument {
  const document = asRecord(input, [])
  if (document.version !== 1) {
    const found = show(document.version)
    throw new SluiceError('unknown_version', `/version must be 1, found ${found}`, {
      pointer: '/version',
      expected: '1',
      found,
    })
  }
  // An editor finds its schema by `$schema`; it says nothing of flags.
  const known = { $schema: 1, version: 1, flags: 1, segments: 1 }
  for (const name of Object.keys(document)) {
    if (Object.hasOwn(known, name)) continue
    throw new SluiceError(
      'unknown_property',
      `/${name} is not known; a document holds version, flags and segments`,
      { pointer: `/${name}`, expected: 'version, flags, segments', found: name },
    )
  }
  const flags = parseFlags(document.flags ?? {}, ['flags'])
  const segments = parseSegments(document.segments ?? {}, ['segments'])
  checkReferences(flags, segments, ['flags'])
  return { version: 1, flags, segments }
}

/**
 * Parses one flag without looking at what it refers to.
 *
 * @throws SluiceError as {@link parseDefinitions}.
 */
export function parseDefinition(
  key: string,
  input: unknown,
  path: readonly string[] = [],
): FlagDefinition {
  const place = [...path, key]
  checkKey(key, place)
  const definition = conform(definitionSchema, input, place, key)
  checkFlag(key, definition, place)
  return definition
}

/**
 * Parses one segment's condition.
 *
 * @throws SluiceError as {@link parseDefinitions}.
 */
export function parseSegment(key: string, input: unknown, path: readonly string[] = []): Condition {
  const place = [...path, key]
  checkKey(key, place)
  return conform(conditionSchema, input, place)
}

/**
 * Parses an exposure.
 *
 * @param definition Checked for the variants of the split, where it is known.
 * @throws SluiceError as {@link parseDefinitions}.
 */
export function parseExposure(key: string, input: unknown, definition?: FlagDefinition): Exposure {
  checkKey(key, [key])
  const exposure = conform(exposureSchema, input, [key], key)
  if (definition !== undefined) checkFlag(key, { ...definition, ...exposure }, [key])
  return exposure
}

/** A copy of the input that the schema accepts; the schemas change nothing of what they accept. */
function conform<T>(
  schema: z.ZodType<T>,
  input: unknown,
  place: readonly string[],
  flag?: string,
): T {
  const copy = copyJson(input, place, flag)
  const result = schema.safeParse(copy)
  if (!result.success) throw schemaError(copy, result.error.issues, place, flag)
  return copy as T
}

function parseFlags(input: unknown, path: readonly string[]): FlagDefinitions {
  const record = asRecord(input, path)
  const flags: Record<string, FlagDefinition> = {}
  for (const [key, each] of entriesOf(record, path)) flags[key] = parseDefinition(key, each, path)
  return flags
}

function parseSegments(input: unknown, path: readonly string[]): SegmentDefinitions {
  const record = asRecord(input, path)
  const segments: Record<string, Condition> = {}
  for (const [key, each] of entriesOf(record, path)) segments[key] = parseSegment(key, each, path)
  return segments
}

function asRecord(input: unknown, path: readonly string[]): Record<string, unknown> {
  if (reading(path, () => isPlainObject(input))) return input as Record<string, unknown>
  const pointer = pointerTo(path)
  const found = show(input)
  const expected = 'a plain object'
  const message = `${pointer === '' ? 'the definitions' : pointer} must be ${expected}, found ${found}`
  throw new SluiceError('invalid_type', message, { pointer, expected, found })
}

function entriesOf(record: object, path: readonly string[]): [key: string, value: unknown][] {
  return reading(path, () => Object.entries(record))
}
