import { formatPercent } from '../bar.ts'
import type { Context } from '../context.ts'
import { describeExtras, paintBar, settingsIn } from '../flag-state.ts'
import { type Session, withSession } from '../session.ts'
import { formatTable } from '../table.ts'
import { clean, pad } from '../text.ts'

/** Cells of the bar in the list. */
const barCells = 10

/** `sluice flags`: each flag, and what it does in the environment. */
export function listFlags(context: Context): Promise<void> {
  return withSession(context, async (session) => {
    const { terminal } = context
    const { environment, flags } = session
    const rows = readFlags(session)
    terminal.document({
      environment,
      revision: flags.replica.head.revision,
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
    terminal.print(...format(rows, session, context))
  })
}

function readFlags({ flags, environment }: Session) {
  const { replica } = flags
  const set = flags.snapshot()
  return set
    .keys()
    .sort()
    .flatMap((key) => {
      const found = set.inspect(key)
      if (found === undefined) return []
      const { definition, origin, revision } = found
      const settings = settingsIn(replica, environment, key, definition)
      return [{ key, origin, revision, settings, definition }]
    })
}

function format(
  rows: ReturnType<typeof readFlags>,
  { environment, flags }: Session,
  { terminal }: Context,
): string[] {
  const { color, width } = terminal
  const count = rows.length === 1 ? '1 flag' : `${rows.length} flags`
  const heading = `${color.bold(environment)}  ${color.dim(`${count}, log at revision ${flags.replica.head.revision}`)}`
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
      const variants =
        split === undefined
          ? []
          : [
              Object.entries(split)
                .map(([name, weight]) => `${name} ${weight}`)
                .join(' '),
            ]
      const extras = [...variants, describeExtras(settings)].filter((each) => each !== '')
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
