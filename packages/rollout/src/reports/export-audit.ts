import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SluiceError } from '@sluice/core'
import { stringify } from 'csv-stringify'
import type { AuditRow } from './audit-row.ts'

/** Where rows go, and in which form. */
export interface ExportOptions {
  /** `jsonl`: one JSON object a line. `csv`: RFC 4180 with a header, times in ISO 8601. Both UTF-8. */
  readonly format: 'jsonl' | 'csv'
  /** A file, a response, a socket. It is waited for: rows are read as fast as it takes them. */
  readonly stream: Writable
  /** Whether the stream is ended behind the last row. Default true; false for `process.stdout`. */
  readonly end?: boolean
  /** Stops the export. */
  readonly signal?: AbortSignal
}

const columns = [
  'revision',
  'at',
  'who',
  'what',
  'version',
  'changes',
  'where',
  'why',
  'ticket',
  'outcome',
  'hash',
] as const

/**
 * Writes the rows of an audit to a stream. Where it fails, the stream is destroyed: half an export does not look whole.
 *
 * In CSV a cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage
 * return) gets an apostrophe in front. For machines take `jsonl`: nothing is changed there.
 *
 * @returns How many rows were written.
 * @throws SluiceError `invalid_option` for another format; whatever the rows or the stream throw.
 */
export async function exportAudit(
  rows: AsyncIterable<AuditRow> | Iterable<AuditRow>,
  { format, stream, end = true, signal }: ExportOptions,
): Promise<number> {
  if (format !== 'jsonl' && format !== 'csv') {
    const details = { pointer: '/format', expected: 'jsonl or csv', found: String(format) }
    throw new SluiceError(
      'invalid_option',
      `An audit is exported as jsonl or csv, not ${format}.`,
      details,
    )
  }
  let count = 0
  async function* counted() {
    for await (const row of rows) {
      count += 1
      yield format === 'jsonl' ? `${JSON.stringify(row)}\n` : toCells(row)
    }
  }
  const source = Readable.from(counted())
  const options = { end, ...(signal === undefined ? {} : { signal }) }
  if (format === 'jsonl') await pipeline(source, stream, options)
  else await pipeline(source, createCsv(), stream, options)
  return count
}

function createCsv() {
  return stringify({
    header: true,
    columns: [...columns],
    // RFC 4180 ends lines so.
    record_delimiter: 'windows',
    // It quotes by itself where the whole delimiter stands, and half of one is enough to break a line.
    quoted_match: /[\r\n]/,
    escape_formulas: true,
  })
}

function toCells(row: AuditRow): readonly (string | number)[] {
  return columns.map((name) => {
    const value = row[name]
    if (name === 'at') return toIso(row.at)
    return typeof value === 'object' ? JSON.stringify(value) : (value ?? '')
  })
}

/** A clock may have been anywhere; a date has its limits. */
function toIso(at: number): string | number {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? at : date.toISOString()
}
