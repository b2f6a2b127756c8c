import { SluiceError } from '@sluice/core'
import { type DefinitionsDocument, parseDocument } from '@sluice/core/schema'
import { LineCounter, parseDocument as parseYaml } from 'yaml'
import { findDuplicateKey } from './json-keys.ts'

/** A larger document is a mistake, and parsing it would hold the process up. */
const maxBytes = 10 * 1024 * 1024

/** Aliases past this count are an attack that grows a small text without bound. */
const maxAliases = 100

/**
 * Parses a definitions document from JSON or YAML text.
 *
 * @param origin Named in errors: the file or address it came from.
 * @throws SluiceError `document_too_large`, `invalid_text` (with line and column; duplicate keys among
 * them), or what `parseDocument` refuses.
 */
export function parseDefinitionText(text: string, origin: string): DefinitionsDocument {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) {
    throw new SluiceError(
      'document_too_large',
      `${origin} is ${bytes} bytes; definitions may have at most ${maxBytes}. Split them.`,
      { expected: `at most ${maxBytes} bytes`, found: `${bytes} bytes` },
    )
  }
  return parseDocument(readValue(text, origin))
}

function readValue(text: string, origin: string): unknown {
  return text.trimStart().startsWith('{') ? readJson(text, origin) : readYaml(text, origin)
}

function readJson(text: string, origin: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // YAML's flow style begins with a brace too, and its errors name line and column.
    return readYaml(text, origin)
  }
  const duplicate = findDuplicateKey(text)
  if (duplicate !== undefined) {
    const { key, line } = duplicate
    throw unreadable(origin, `the key "${key}" stands twice in one object, again on line ${line}`)
  }
  return value
}

function readYaml(text: string, origin: string): unknown {
  try {
    const document = parseYaml(text, { uniqueKeys: true, lineCounter: new LineCounter() })
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS({ maxAliasCount: maxAliases })
  } catch (cause) {
    const [found = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw unreadable(origin, found, cause)
  }
}

function unreadable(origin: string, found: string, cause?: unknown): SluiceError {
  return new SluiceError('invalid_text', `${origin} cannot be read: ${found}`, {
    expected: 'JSON or YAML without duplicate keys',
    found,
    cause,
  })
}
