import { createHash } from 'node:crypto'
import { SluiceError } from '@sluice/core'
import { hasLoneSurrogate } from '../json-copy.ts'

/** What a store's tables are called: quoted, ready for a statement. */
export interface Names {
  /** As the application wrote it, for messages. */
  readonly table: string
  /** The schema, where the application named one. */
  readonly schema: string | undefined
  readonly commits: string
  readonly cut: string
  readonly snapshot: string
  readonly exchange: string
  /** The channel of NOTIFY. */
  readonly channel: string
}

/** PostgreSQL cuts longer names off in silence (NAMEDATALEN - 1), and two could become one. */
const maxNameBytes = 63

const longestSuffix = '_exchange'

/**
 * Names the tables of a log.
 *
 * @param table `name`, or `schema.name`. Any characters but the dot and NUL, as they stand: letters keep
 * their case.
 * @throws SluiceError `invalid_option`.
 */
export function nameTables(table: string): Names {
  const parts = table.split('.')
  const name = parts.at(-1) as string
  const schema = parts.length > 1 ? (parts[0] as string) : undefined
  if (
    parts.length > 2 ||
    !isName(name + longestSuffix) ||
    name === '' ||
    (schema !== undefined && !isName(schema))
  ) {
    const longest = maxNameBytes - longestSuffix.length
    const expected = `name or schema.name, the name of 1 to ${longest} bytes, the schema of 1 to ${maxNameBytes}`
    throw new SluiceError(
      'invalid_option',
      `The table of a PostgreSQL store is ${expected}, unlike ${JSON.stringify(table)}.`,
      { expected, found: table },
    )
  }
  const prefix = schema === undefined ? '' : `${quote(schema)}.`
  return {
    table,
    schema: schema && quote(schema),
    commits: prefix + quote(name),
    cut: prefix + quote(`${name}_cut`),
    snapshot: prefix + quote(`${name}_snapshot`),
    exchange: prefix + quote(`${name}_exchange`),
    // A hash: a channel has at most 63 bytes, and LISTEN takes no parameter.
    channel: `sluice_${createHash('sha256').update(table).digest('hex').slice(0, 32)}`,
  }
}

function isName(text: string): boolean {
  const isText = !text.includes('\0') && !hasLoneSurrogate(text)
  return text !== '' && isText && Buffer.byteLength(text) <= maxNameBytes
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
