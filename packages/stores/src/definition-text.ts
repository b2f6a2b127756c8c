import { isSluiceError, SluiceError } from '@sluice/core'
import { type DefinitionsDocument, parseDocument } from '@sluice/core/schema'
import { readYaml } from './definition-text-yaml.ts'
import { findDuplicateKey } from './json-keys.ts'

/** A larger document is a mistake, and parsing it would hold the process up. */
const maxBytes = 10 * 1024 * 1024

/** YAML is read at about 1 MB a second, JSON a hundred times faster: this holds a process up no longer. */
const maxYamlBytes = 1024 * 1024

/**
 * Parses a definitions document from JSON (up to 10 MB) or YAML (up to 1 MB) text.
 *
 * @param origin Named in errors: the file or address it came from.
 * @throws SluiceError `document_too_large`, `invalid_text` (with the line; duplicate keys among them),
 * or what `parseDocument` refuses, with the origin before its message.
 */
export function parseDefinitionText(text: string, origin: string): DefinitionsDocument {
  const bytes = Buffer.byteLength(text)
  assertSize(bytes, origin)
  // A byte order mark is no part of the text; JSON knows none.
  const value = readValue(text.startsWith('\uFEFF') ? text.slice(1) : text, bytes, origin)
  try {
    return parseDocument(value)
  } catch (cause) {
    if (!isSluiceError(cause)) throw cause
    const { code, message, flag, pointer = '', expected = '', found = '' } = cause
    const details = { pointer, expected, found, cause }
    throw new SluiceError(
      code,
      `${origin}: ${message}`,
      flag === undefined ? details : { ...details, flag },
    )
  }
}

/**
 * Refuses a document by its size, before it is read.
 *
 * @throws SluiceError `document_too_large`.
 */
export function assertSize(bytes: number, origin: string, limit = maxBytes, format = ''): void {
  if (bytes <= limit) return
  throw new SluiceError(
    'document_too_large',
    `${origin} is ${bytes} bytes; definitions${format} may have at most ${limit}. ` +
      (limit === maxBytes ? 'Split them.' : 'Write them as JSON.'),
    { expected: `at most ${limit} bytes`, found: `${bytes} bytes` },
  )
}

function readValue(text: string, bytes: number, origin: string): unknown {
  if (text.trimStart().startsWith('{')) return readJson(text, bytes, origin)
  assertSize(bytes, origin, maxYamlBytes, ' in YAML')
  return readYamlText(text, origin)
}

function readJson(text: string, bytes: number, origin: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    if (bytes > maxYamlBytes) throw unreadable(origin, cause)
    // YAML's flow style begins with a brace too, and its errors name line and column.
    return readYamlText(text, origin)
  }
  const duplicate = findDuplicateKey(text)
  if (duplicate !== undefined) {
    const { key, line } = duplicate
    throw unreadable(
      origin,
      new Error(`the key "${key}" stands twice in one object, again on line ${line}`),
    )
  }
  return value
}

function readYamlText(text: string, origin: string): unknown {
  try {
    return readYaml(text)
  } catch (cause) {
    throw unreadable(origin, cause)
  }
}

function unreadable(origin: string, cause: unknown): SluiceError {
  // The lines after the first show the place in the text again.
  const [found = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  return new SluiceError('invalid_text', `${origin} cannot be read: ${found}`, {
    expected: 'JSON or YAML without duplicate keys',
    found,
    cause,
  })
}
