import { type FlagDefinition, type FlagSettings, settingsFor } from '@sluice/core'
import type { Commit } from '@sluice/stores'
import { describeCondition, describeOutcome } from '../condition-text.ts'
import type { Context } from '../context.ts'
import { describeExtras, describeShare, exposureOf, paintBar } from '../flag-state.ts'
import { type Session, withSession } from '../session.ts'
import { formatTable } from '../table.ts'
import { clean, pad, wrap } from '../text.ts'
import { formatInstant } from '../time.ts'
import { unknownFlag } from '../usage-error.ts'

const barCells = 10

/** `sluice flags show KEY`: one flag in every environment, and who moved it last. */
export function showFlag(context: Context, [key]: readonly [string]): Promise<void> {
  return withSession(context, async (session) => {
    const { flags, environment } = session
    const found = flags.snapshot().inspect(key)
    if (found === undefined) throw unknownFlag(key, flags, flags.snapshot().keys())
    const { definition, origin } = found
    const history = await flags.history(key)
    const rows = environmentsOf(key, definition, session).map((name) => {
      const exposure = exposureOf(flags.replica, name, key)
      const settings = settingsFor(key, definition, exposure, name)
      const moved =
        exposure === undefined ? undefined : lastMove(history, `exposure/${name}/${key}`)
      return { name, exposure, settings, moved }
    })
    context.terminal.document({
      key,
      origin,
      definition,
      environments: rows.map(({ name, exposure, settings, moved }) => ({
        environment: name,
        ...{ enabled: settings.enabled, rollout: settings.rollout, split: settings.split },
        exposure,
        moved: moved && describeMove(moved),
      })),
      rollout: flags.replica.get(`rollout/${environment}/${key}`)?.value,
    })
    const { color, width } = context.terminal
    const isHere = (row: number) => rows[row]?.name === environment
    context.terminal.print(
      color.bold(clean(key)),
      ...(definition.description === undefined
        ? []
        : wrap(clean(definition.description), Math.min(width, 100)).map(color.dim)),
      '',
      ...formatTable(
        [
          { title: '', paint: color.dim },
          { title: '', shrinks: true },
        ],
        factsOf(definition, origin).map((fact) => fact.map(clean)),
        { width },
      ),
      '',
      ...formatTable(
        [
          { title: 'environment', paint: (text, row) => (isHere(row) ? color.bold(text) : text) },
          {
            title: '',
            paint: (text, row) =>
              rows[row]!.settings.enabled ? color.green(text) : color.dim(text),
          },
          {
            title: 'share',
            paint: (_, row) => paintBar(rows[row]!.settings, barCells, context.terminal),
          },
          { title: '' },
          { title: 'because', shrinks: true, paint: color.dim },
        ],
        rows.map(({ name, settings, moved }) => [
          name,
          settings.enabled ? 'on' : 'off',
          pad('', barCells),
          describeShare(settings),
          moved === undefined ? 'as defined' : becauseOf(moved),
        ]),
        { width, title: color.dim },
      ),
      ...rulesOf(
        settingsFor(key, definition, exposureOf(flags.replica, environment, key), environment),
        context,
        environment,
      ),
    )
  })
}

function environmentsOf(key: string, { environments = [] }: FlagDefinition, session: Session) {
  const listed = Array.isArray(environments) ? environments : Object.keys(environments)
  const moved = session.flags.replica
    .keys('exposure/')
    .filter((each) => each.endsWith(`/${key}`) && each.split('/').slice(2).join('/') === key)
    .map((each) => each.split('/')[1]!)
  return [...new Set<string>([...listed, ...moved, session.environment])]
}

function factsOf(definition: FlagDefinition, origin: string): string[][] {
  const { kind, owner, tags, variants, expiresAt, prerequisites, bucketBy, salt } = definition
  const facts: [string, string | undefined][] = [
    ['defined in', origin],
    ['kind', kind],
    ['owner', owner],
    ['tags', tags?.join(', ')],
    [
      'variants',
      variants &&
        Object.entries(variants)
          .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
          .join(', '),
    ],
    [
      'needs',
      prerequisites
        ?.map((each) =>
          typeof each === 'string' ? each : `${each.flag} ${each.variants.join(' or ')}`,
        )
        .join(', '),
    ],
    ['bucketed by', bucketBy],
    ['salt', salt],
    ['expires', expiresAt],
  ]
  return facts.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value]],
  )
}

function rulesOf(settings: FlagSettings, { terminal }: Context, environment: string): string[] {
  if (settings.rules.length === 0) return []
  const { color, width } = terminal
  return [
    '',
    color.dim(
      `rules in ${environment}, the first that matches decides${describeExtras(settings).includes('schedule') ? '; it has a schedule' : ''}`,
    ),
    ...formatTable(
      [
        { title: '', align: 'right', paint: color.dim },
        { title: '', shrinks: true },
        { title: '' },
      ],
      settings.rules.map((rule, index) => [
        clean(rule.id ?? String(index)),
        clean(describeCondition(rule.if)),
        `→ ${clean(describeOutcome(rule))}`,
      ]),
      { width },
    ),
  ]
}

function lastMove(history: readonly Commit[], written: string): Commit | undefined {
  return history.findLast(({ changes }) => changes.some(({ key }) => key === written))
}

function describeMove({ revision, at, actor, action, reason, ticket }: Commit) {
  return { revision, at, actor, action, reason, ticket }
}

function becauseOf({ at, actor, reason, ticket }: Commit): string {
  const where = ticket === undefined ? '' : ` (${ticket})`
  return clean(`${actor}, ${formatInstant(at)}: ${reason}${where}`)
}
