import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isSluiceError, SluiceError } from '@sluice/core'
import { parseDefinitionText } from '@sluice/stores'
import { approveChanges } from '../apply/approve-changes.ts'
import { makePlan, type Plan } from '../apply/plan.ts'
import { formatPlan } from '../apply/plan-text.ts'
import { confirm } from '../confirm.ts'
import type { Context, NoteOptions } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { noteOf } from '../note.ts'
import { type Session, withSession } from '../session.ts'
import { usageError } from '../usage-error.ts'

/** What is typed behind `sluice apply`. */
export interface ApplyOptions extends NoteOptions {
  readonly check?: boolean
  readonly dryRun?: boolean
  readonly remove?: boolean
  readonly type?: string
}

/** `sluice apply FILE`: makes the definitions in the log those of a file, after showing the difference. */
export function apply(
  context: Context,
  [typed]: readonly [string | undefined],
  options: ApplyOptions,
): Promise<ExitCode> {
  return withSession(context, async (session) => {
    const { flags, config, folder } = session
    const { world, terminal } = context
    const file = typed ?? fileOf(config.definitions)
    if (file === undefined) {
      throw usageError('Apply which file?', 'Type sluice apply flags.yaml')
    }
    const text = await readDefinitions(
      resolve(typed === undefined ? folder : world.cwd, file),
      file,
    )
    const document = parseDefinitionText(text, file)
    const plan = makePlan(document, flags.replica, { removes: options.remove === true })
    const summary = { file, changes: plan.changes, left: plan.left }
    if (plan.changes.length === 0) {
      terminal.document({ ...summary, applied: false })
      terminal.print(...formatPlan(plan, file, terminal))
      return exitCodes.done
    }
    terminal.print(...formatPlan(plan, file, terminal))
    if (options.check === true || options.dryRun === true) {
      terminal.document({ ...summary, applied: false })
      return options.check === true ? exitCodes.different : exitCodes.done
    }
    const note = noteOf(await session.actor(), options)
    await confirm(context, { question: 'Apply this?', what: 'apply' })
    const uses = await approveChanges(session, plan, note, options.type)
    const { revision, hash } = await write(session, plan, note, uses).catch(explainConflict)
    terminal.document({ ...summary, applied: true, revision, hash })
    terminal.print(
      '',
      `${terminal.color.green('✓')} Applied, in one commit ${terminal.color.dim(`revision ${revision} · ${note.actor} · ${note.reason}`)}`,
    )
    return exitCodes.done
  })
}

/** Whoever was faster may have meant the same: only the new difference says. */
function explainConflict(error: unknown): never {
  if (!isSluiceError(error) || error.code !== 'conflict') throw error
  const text = `${error.message}\nNothing was applied. Apply again to see what is different now; sluice log says who was faster.`
  throw new SluiceError('conflict', text, { cause: error })
}

function fileOf(definitions: Session['config']['definitions']): string | undefined {
  return typeof definitions === 'string' && !/^https?:/u.test(definitions) ? definitions : undefined
}

async function readDefinitions(path: string, file: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const what = isMissing
      ? `There is no file ${file}.`
      : `${file} cannot be read: ${String(cause)}`
    throw new SluiceError(
      'definitions_unreadable',
      `${what}\nsluice init writes a first flags.yaml.`,
      { cause },
    )
  }
}

/** All of it or nothing; whoever changed one of the definitions since the plan was shown wins. */
async function write(
  { flags }: Session,
  { changes, revision }: Plan,
  { actor, reason, ticket }: ReturnType<typeof noteOf>,
  uses: Awaited<ReturnType<typeof approveChanges>>,
) {
  const { replica } = flags
  const written = changes.map(({ key, after }) => ({ key, value: after ?? null }))
  return replica.commit(
    {
      ...{ actor, action: 'apply', reason, ticket },
      changes: [...written, ...uses.changes] as never,
    },
    { dependsOn: [...written.map(({ key }) => key), ...uses.dependsOn], basedOn: revision },
  )
}
