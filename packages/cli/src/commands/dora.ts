import { formatPercent } from '../bar.ts'
import type { Context } from '../context.ts'
import { withSession } from '../session.ts'
import { formatTable } from '../table.ts'
import { formatDuration, formatInstant, parseInstant } from '../time.ts'

/** What is typed behind `sluice dora`. */
export interface DoraCommandOptions {
  readonly since?: string
  readonly until?: string
}

/** `sluice dora`: how often, how fast and how well changes reach production. */
export async function showDora(
  context: Context,
  _: readonly [],
  { since = '30d', until }: DoraCommandOptions,
): Promise<void> {
  const { world, terminal, globals } = context
  const now = world.clock.now()
  const from = parseInstant(since, now, '--since')
  const to = until === undefined ? now : parseInstant(until, now, '--until')
  await withSession(context, async ({ store, config, environment }) => {
    const { defaultPolicy } = await import('@sluice/rollout')
    const { doraReport } = await import('@sluice/rollout/reports')
    const report = await doraReport({
      ...{ log: store, policy: config.policy ?? defaultPolicy, from, to },
      ...(globals.env === undefined ? {} : { environment }),
    })
    terminal.document(report)
    const { color, width } = terminal
    const { deploymentFrequency, leadTime, changeFailure, recovery, rollback } = report
    const rows = [
      {
        name: 'deployments',
        ...{ measure: deploymentFrequency, show: perDay, least: true },
        of: `${deploymentFrequency.releases} releases in ${Math.round(report.days)} days`,
      },
      {
        name: 'lead time',
        ...{ measure: leadTime, show: formatDuration, least: false },
        of: `median of ${leadTime.measured} deployments`,
      },
      {
        name: 'failed changes',
        ...{ measure: changeFailure, show: ratio, least: false },
        of: `${changeFailure.failed} of ${changeFailure.changes} changes`,
      },
      {
        name: 'recovery',
        ...{ measure: recovery, show: formatDuration, least: false },
        of: `mean of ${recovery.measured} failures${recovery.open === 0 ? '' : `, ${recovery.open} still open`}`,
      },
      {
        name: 'rolled back',
        ...{ measure: rollback, show: ratio, least: false },
        of: `${rollback.rolledBack} of ${rollback.changes} changes`,
      },
    ]
    const verdicts = { met: color.green, missed: color.red, no_data: color.dim }
    terminal.print(
      `${color.bold(report.environments.join(', '))}  ${color.dim(`${formatInstant(from)} to ${formatInstant(to)}`)}`,
      '',
      ...formatTable(
        [
          { title: '' },
          { title: 'measured', align: 'right' },
          { title: 'target', align: 'right', paint: color.dim },
          { title: '', paint: (text, row) => verdicts[rows[row]!.measure.verdict](text) },
          { title: 'of', shrinks: true, paint: color.dim },
        ],
        rows.map(({ name, measure, show, least, of }) => [
          name,
          measure.value === undefined ? '–' : show(measure.value),
          `${least ? '≥' : '<'} ${show(measure.target)}`,
          measure.verdict.replace('_', ' '),
          of,
        ]),
        { width, title: color.dim },
      ),
    )
  })
}

function perDay(value: number): string {
  return `${Number(value.toFixed(2))} a day`
}

function ratio(value: number): string {
  return formatPercent(value * 100)
}
