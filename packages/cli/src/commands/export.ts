import { resolve } from 'node:path'
import { Writable } from 'node:stream'
import { longEnvironmentName } from '@sluice/core'
import type { Context } from '../context.ts'
import { replaceFile } from '../replace-file.ts'
import { withStore } from '../session.ts'
import { clean } from '../text.ts'
import { parseInstant } from '../time.ts'
import { suggest, usageError } from '../usage-error.ts'
import type { OutputStream } from '../world.ts'

/** What is typed behind `sluice export`. */
export interface ExportCommandOptions {
  readonly format?: string
  readonly flag?: string
  readonly actor?: string
  readonly since?: string
  readonly until?: string
  readonly archive?: string
}

const formats = ['jsonl', 'csv'] as const

/** `sluice export [FILE]`: the audit log for an auditor, to a file or to stdout. */
export async function exportLog(
  context: Context,
  [file]: readonly [string | undefined],
  options: ExportCommandOptions,
): Promise<void> {
  const { world, terminal, globals } = context
  const format = formatOf(file, options.format)
  const now = world.clock.now()
  const from =
    options.since === undefined ? {} : { from: parseInstant(options.since, now, '--since') }
  const to = options.until === undefined ? {} : { to: parseInstant(options.until, now, '--until') }
  await withStore(context, async ({ store }) => {
    const { queryAudit, exportAudit } = await import('@sluice/rollout/reports')
    const rows = queryAudit(store, {
      when: { ...from, ...to },
      ...(options.flag === undefined ? {} : { what: options.flag }),
      ...(options.actor === undefined ? {} : { who: options.actor }),
      ...(globals.env === undefined ? {} : { where: longEnvironmentName(globals.env) }),
      ...(options.archive === undefined ? {} : { archive: resolve(world.cwd, options.archive) }),
    })
    const { signal } = world
    if (file === undefined) {
      await exportAudit(rows, { format, ...toStream(world.stdout), signal })
      return
    }
    const path = resolve(world.cwd, file)
    const count = await replaceFile(path, (stream) => exportAudit(rows, { format, stream, signal }))
    terminal.document({ file, format, rows: count })
    terminal.print(`${terminal.color.green('✓')} ${count} rows of the audit log in ${file}`)
  })
}

function formatOf(file: string | undefined, typed: string | undefined) {
  const named = typed ?? (file?.endsWith('.csv') ? 'csv' : 'jsonl')
  const found = formats.find((each) => each === named)
  if (found !== undefined) return found
  throw usageError(
    `--format ${named} is not known.`,
    suggest(named, formats) ?? 'Type jsonl or csv.',
  )
}

/** Stdout stays open; a pipe is waited for, and a terminal is sent no control characters. */
function toStream(output: OutputStream): { stream: Writable; end: boolean } {
  const isTTY = output.isTTY === true
  if (output instanceof Writable && !isTTY) return { stream: output, end: false }
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      const text = String(chunk)
      output.write(isTTY ? text.split(/\r?\n/u).map(clean).join('\n') : text)
      done()
    },
  })
  return { stream, end: true }
}
