import { resolve } from 'node:path'
import { type Head, verifyLog } from '@sluice/stores'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { readBackup } from '../read-backup.ts'
import { withStore } from '../session.ts'
import { usageError } from '../usage-error.ts'

/** What is typed behind `sluice verify`. */
export interface VerifyCommandOptions {
  readonly head?: string
  readonly archive?: string
  readonly backup?: string
}

/** `sluice verify`: holds the log to its chain of hashes, or a backup to its own. */
export async function verify(
  context: Context,
  _: readonly [],
  { head, archive, backup }: VerifyCommandOptions,
): Promise<ExitCode> {
  const { terminal, world } = context
  const { color } = terminal
  if (backup !== undefined) {
    const { from, head: end } = await readBackup(resolve(world.cwd, backup), backup)
    terminal.document({ ok: true, from, head: end })
    terminal.print(
      `${color.green('✓')} ${backup} is whole: revisions ${from.revision + 1} to ${end.revision}`,
      `  ${color.dim(`head ${end.revision}:${end.hash}`)}`,
    )
    return exitCodes.done
  }
  const expectedHead = head === undefined ? undefined : parseHead(head)
  return withStore(context, async ({ store, name }) => {
    const folder = archive === undefined ? undefined : resolve(world.cwd, archive)
    const check = await verifyLog(store, { expectedHead, archive: folder })
    terminal.document(check)
    if (!check.ok) {
      terminal.print(
        `${color.red('✗')} The log does not verify at revision ${check.revision}: ${check.because}`,
        `  ${color.dim(`${name} was altered or damaged. Write nothing to it; docs/runbook.md says what to do.`)}`,
      )
      return exitCodes.different
    }
    const { from, head: end } = check
    const since = from.revision === 0 ? '' : `, after a cut at ${from.revision}`
    terminal.print(
      `${color.green('✓')} The log verifies: ${end.revision - from.revision} commits up to revision ${end.revision}${since}`,
      `  ${color.dim(`head ${end.revision}:${end.hash}`)}`,
      `  ${color.dim('Note that line elsewhere: --head … then shows a log cut off or rewritten.')}`,
    )
    return exitCodes.done
  })
}

function parseHead(text: string): Head {
  const [, revision, hash] = /^(\d+):([0-9a-f]{64})$/u.exec(text) ?? []
  if (revision !== undefined && hash !== undefined) return { revision: Number(revision), hash }
  throw usageError(
    `--head ${text} is no head.`,
    'Type a revision and its hash, as sluice verify prints them: 17:3f9a…',
  )
}
