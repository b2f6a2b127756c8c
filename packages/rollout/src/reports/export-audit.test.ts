import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuditRow } from './audit-row.ts'
import { exportAudit } from './export-audit.ts'

const row: AuditRow = {
  revision: 1,
  at: Date.UTC(2026, 0, 1, 12),
  who: 'Zoë, "ops"',
  what: 'set_rollout',
  changes: [{ key: 'exposure/production/größe', value: { rollout: 5 } }],
  where: 'production',
  why: 'line one\r\nline two',
  outcome: 'done',
  hash: 'ab',
}

async function write(rows: Iterable<AuditRow>, format: 'jsonl' | 'csv'): Promise<string> {
  const stream = new PassThrough()
  const [whole] = await Promise.all([text(stream), exportAudit(rows, { format, stream })])
  return whole
}

/** RFC 4180, by its grammar. */
function parseCsv(whole: string): string[][] {
  const lines: string[][] = [[]]
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  for (const [, quoted, plain = '', end] of whole.matchAll(cell)) {
    lines.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === '\r\n') lines.push([])
  }
  lines.pop()
  return lines
}

describe('exportAudit', () => {
  it('writes a line of JSON for each row, as it is', async () => {
    const lines = (await write([row, { ...row, why: '=1+1' }], 'jsonl')).split('\n')
    expect(lines.map((line) => line && JSON.parse(line))).toEqual([
      row,
      { ...row, why: '=1+1' },
      '',
    ])
  })

  it('writes CSV by RFC 4180', async () => {
    const whole = await write([row], 'csv')
    expect(whole).toContain('"Zoë, ""ops"""')
    expect(parseCsv(whole)).toEqual([
      'revision at who what version changes where why ticket outcome hash'.split(' '),
      [
        ...['1', '2026-01-01T12:00:00.000Z', 'Zoë, "ops"', 'set_rollout', ''],
        '[{"key":"exposure/production/größe","value":{"rollout":5}}]',
        ...['production', 'line one\r\nline two', '', 'done', 'ab'],
      ],
    ])
  })

  it('writes the header alone where there is no row', async () => {
    expect(parseCsv(await write([], 'csv'))).toHaveLength(1)
    expect(await write([], 'jsonl')).toBe('')
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
    'does not let a spreadsheet take %j for a formula',
    async (formula) => {
      const [, cells] = parseCsv(await write([{ ...row, who: formula, why: formula }], 'csv'))
      expect([cells?.[2], cells?.[7]]).toEqual([`'${formula}`, `'${formula}`])
    },
  )

  it('gives back any text', async () => {
    const anyText = fc.string({ unit: 'binary' }).filter((each) => !/^[=+\-@\t\r]/.test(each))
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (who, why) => {
        const [, cells] = parseCsv(await write([{ ...row, who, why }], 'csv'))
        // What a spreadsheet of full-width letters would take for a formula is marked too.
        const isMarked = (each: string) => /^[＝＋－＠]/.test(each)
        if (!isMarked(who)) expect(cells?.[2]).toBe(who)
        if (!isMarked(why)) expect(cells?.[7]).toBe(why)
      }),
      { numRuns: 100 },
    )
  })

  it.each(['jsonl', 'csv'] as const)(
    'reads %s rows no faster than the stream takes them',
    async (format) => {
      let given = 0
      function* rows() {
        for (; given < 5_000; given++) yield { ...row, revision: given }
      }
      const ahead: number[] = []
      let taken = 0
      const stream = new Writable({
        highWaterMark: 1_024,
        write(chunk: Buffer, _encoding, done) {
          taken += String(chunk).split('set_rollout').length - 1
          ahead.push(given - taken)
          setImmediate(done)
        },
      })
      expect(await exportAudit(rows(), { format, stream })).toBe(5_000)
      expect(taken).toBe(5_000)
      expect(Math.max(...ahead)).toBeLessThan(500)
    },
  )

  it('destroys the stream where the rows fail: half an export does not look whole', async () => {
    async function* rows() {
      yield row
      throw new Error('the store is gone')
    }
    const stream = new PassThrough()
    stream.resume()
    await expect(exportAudit(rows(), { format: 'csv', stream })).rejects.toThrow(
      'the store is gone',
    )
    expect(stream.destroyed).toBe(true)
  })

  it('fails where the stream does', async () => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('disk full')),
    })
    await expect(exportAudit([row], { format: 'jsonl', stream })).rejects.toThrow('disk full')
  })

  it('leaves a stream open that is to stay so', async () => {
    const stream = new PassThrough()
    stream.resume()
    await exportAudit([row], { format: 'csv', stream, end: false })
    expect({ ended: stream.writableEnded, destroyed: stream.destroyed }).toEqual({
      ended: false,
      destroyed: false,
    })
  })

  it('refuses another format', async () => {
    const stream = new PassThrough()
    await expect(exportAudit([], { format: 'xml' as never, stream })).rejects.toMatchObject({
      code: 'invalid_option',
    })
  })
})
