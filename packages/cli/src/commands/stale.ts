import { resolve } from 'node:path'
import type { FlagDefinition } from '@sluice/core'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { withSession } from '../session.ts'
import { formatTable } from '../table.ts'
import { clean } from '../text.ts'

/** What is typed behind `sluice stale`. */
export interface StaleCommandOptions {
  readonly check?: boolean
  readonly function?: readonly string[]
}

const reasons: { readonly [reason: string]: string } = {
  released: 'released long ago',
  expired: 'expired',
  archived: 'defined nowhere',
  never_asked: 'asked by nobody',
  unused_in_code: 'not in the code',
}

/** `sluice stale [FOLDER…]`: the flags that should be gone, and where the code still asks for them. */
export function findStaleFlags(
  context: Context,
  [folders]: readonly [readonly string[]],
  { check, function: functions = [] }: StaleCommandOptions,
): Promise<ExitCode> {
  const { world, terminal } = context
  return withSession(context, async ({ flags, config, environment }) => {
    const { defaultPolicy, lifecycleOf } = await import('@sluice/rollout')
    const { findStale, flagDebt, readAsked } = await import('@sluice/rollout/stale')
    const { policy = defaultPolicy } = config
    const now = world.clock.now()
    const set = flags.snapshot()
    const definitions: Record<string, FlagDefinition> = {}
    for (const key of set.keys()) {
      const definition = set.inspect(key)?.definition
      if (definition !== undefined) definitions[key] = definition
    }
    const { replica } = flags
    const commits = await replica.history((key) => /^(?:flag|exposure|rollout)\//.test(key))
    const lifecycle = lifecycleOf({ definitions, entries: replica.entries(), commits, policy, now })
    const roots = folders.map((folder) => resolve(world.cwd, folder))
    const stale =
      roots.length === 0 ? undefined : await findStale({ roots, flags: set.keys(), functions })
    const asked = readAsked(replica, environment, now)
    const debt = flagDebt({
      ...{ lifecycle, policy, now },
      ...(asked === undefined ? {} : { asked }),
      ...(stale === undefined ? {} : { stale }),
    })
    terminal.document({ ...debt, unknown: stale?.unknown ?? [], dynamic: stale?.dynamic ?? [] })
    const { color, width } = terminal
    const place = (file: string) => file.replace(`${world.cwd}/`, '')
    if (debt.items.length === 0) {
      terminal.print(`${color.green('✓')} No flag is due for removal (of ${debt.flags}).`)
    } else {
      terminal.print(
        ...formatTable(
          [
            { title: 'flag', shrinks: true, least: 12 },
            { title: 'why', paint: color.yellow },
            { title: 'due for', align: 'right' },
            { title: 'owner', paint: color.dim },
            { title: 'in', shrinks: true, least: 8, paint: color.dim },
          ],
          debt.items.map(({ key, reasons: why, overdueDays, owner, places }) => [
            clean(key),
            why.map((each) => reasons[each] ?? each).join(', '),
            overdueDays === 0 ? '' : `${Math.floor(overdueDays)} d`,
            clean(owner ?? ''),
            places.map(({ file, line }) => `${place(file)}:${line}`).join(' '),
          ]),
          { width, title: color.dim },
        ),
        '',
        color.dim(`${debt.count} of ${debt.flags} flags are due for removal.`),
      )
    }
    for (const { key, at, nearest } of stale?.unknown ?? []) {
      const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`
      terminal.print(
        `${color.yellow('!')} ${place(at.file)}:${at.line} asks for ${clean(key)}, which nobody defines${hint}`,
      )
    }
    if (stale === undefined) {
      terminal.remark(color.dim('sluice stale src looks through the code in src, too.'))
    }
    const isFound = debt.count > 0 || (stale?.unknown.length ?? 0) > 0
    return check === true && isFound ? exitCodes.different : exitCodes.done
  })
}
