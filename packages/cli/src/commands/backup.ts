import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { backupLog, type CompactableStore, restoreLog } from '@sluice/stores'
import { confirm } from '../confirm.ts'
import type { Context } from '../context.ts'
import { assertReplaceable, readBackup } from '../read-backup.ts'
import { withStore } from '../session.ts'

/** `sluice backup FILE`: the whole log in one file, while it is in use. */
export function backup(context: Context, [file]: readonly [string]): Promise<void> {
  const { world, terminal } = context
  const path = resolve(world.cwd, file)
  return withStore(context, async ({ store, name }) => {
    await assertReplaceable(path, file)
    const { from, head } = await backupLog(store, path)
    terminal.document({ file, from, head })
    terminal.print(
      `${terminal.color.green('✓')} ${file} holds ${name} up to revision ${head.revision}`,
      `  ${terminal.color.dim(`head ${head.revision}:${head.hash}`)}`,
    )
  })
}

/** `sluice restore FILE`: a backup into an empty store. */
export async function restore(context: Context, [file]: readonly [string]): Promise<void> {
  const { world, terminal } = context
  const path = resolve(world.cwd, file)
  const { head } = await readBackup(path, file)
  await withStore(context, async ({ store, name, directory }) => {
    await confirm(context, {
      question: `Restore ${head.revision} revisions to ${name}?`,
      what: 'restoring a log',
    })
    if (directory !== undefined) await mkdir(directory, { recursive: true })
    await restoreLog(path, store as CompactableStore)
    terminal.document({ file, store: name, head })
    terminal.print(
      `${terminal.color.green('✓')} ${name} holds the log up to revision ${head.revision}`,
      `  ${terminal.color.dim('Processes that follow it take the restored log over by themselves.')}`,
    )
  })
}
