import { type FlagSet, settingsFor } from '@sluice/core'
import { formatPercent } from '../bar.ts'
import type { Context } from '../context.ts'
import { describeExtras, describeShare, paintBar } from '../flag-state.ts'
import { withSession } from '../session.ts'
import { formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { clean, pad } from '../text.ts'
import { formatInstant } from '../time.ts'

/** Cells of the bar in the list. */
const barCells = 10

/** `sluice flags`: each flag, and what it does in the environment. */
export function listFlags(context: Context): Promise<void> {
  return withSession(context, async ({ flags }) => {
    const { revision } = flags.replica.head
    tellFlags(flags.snapshot(), { revision }, context)
  })
}

/** Which state of the log is shown. */
export interface ShownState {
  readonly revision: number
  /** Of a state of the past: epoch milliseconds. */
  readonly at?: number
}

/** Prints a flag set, as a table or a document. */
export function tellFlags(set: FlagSet, state: ShownState, { terminal }: Context): void {
  const rows = readFlags(set)
  terminal.document({
    ...{ environment: set.environment, ...state },
    flags: rows.map(({ settings, definition, ...row }) => ({
      ...row,
      enabled: settings.enabled,
      rollout: settings.rollout,
      split: settings.split,
      rules: settings.rules.length,
      description: definition.description,
      kind: definition.kind,
      owner: definition.owner,
      tags: definition.tags,
    })),
  })
  terminal.print(...format(rows, set, state, terminal))
}

function readFlags(set: FlagSet) {
  return set
    .keys()
    .sort()
    .flatMap((key) => {
      const found = set.inspect(key)
      if (found === undefined) return []
      const { definition, origin, revision, exposure } = found
      const settings = settingsFor(key, definition, exposure, set.environment)
      return [{ key, origin, revision, settings, definition }]
    })
}

function format(
  rows: ReturnType<typeof readFlags>,
  { environment }: FlagSet,
  { revision, at }: ShownState,
  terminal: Terminal,
): string[] {
  const { color, width } = terminal
  const count = rows.length === 1 ? '1 flag' : `${rows.length} flags`
  const when = at === undefined ? '' : `, as it was at ${formatInstant(at)}`
  const facts = `${count}, log at revision ${revision}${when}`
  const heading = `${color.bold(environment)}  ${color.dim(facts)}`
  if (rows.length === 0) {
    return [
      heading,
      '',
      color.dim('No flag is defined. sluice apply flags.yaml takes those of a file into the log.'),
    ]
  }
  const isOn = (row: number) => rows[row]!.settings.enabled
  const lines = formatTable(
    [
      {
        title: 'flag',
        shrinks: true,
        least: 16,
        paint: (text, row) => (isOn(row) ? text : color.dim(text)),
      },
      { title: '', paint: (text, row) => (isOn(row) ? color.green(text) : color.dim(text)) },
      { title: 'share', paint: (_, row) => paintBar(rows[row]!.settings, barCells, terminal) },
      { title: '', align: 'right', paint: (text, row) => (isOn(row) ? text : color.dim(text)) },
      { title: 'and', shrinks: true, least: 6, paint: color.dim },
      { title: 'owner', shrinks: true, least: 6, paint: color.dim },
      { title: 'about', shrinks: true, least: 0, paint: color.dim },
    ],
    rows.map(({ key, settings, definition }) => {
      const { split } = settings
      const variants = split === undefined ? '' : describeShare({ rollout: 100, split })
      const extras = [variants, describeExtras(settings)].filter((each) => each !== '')
      return [
        clean(key),
        settings.enabled ? 'on' : 'off',
        pad('', barCells),
        formatPercent(settings.rollout),
        extras.join(', '),
        clean(definition.owner ?? ''),
        clean(definition.description ?? ''),
      ]
    }),
    { width, title: color.dim, indent: 0 },
  )
  return [heading, '', ...lines]
}
