import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  bucketCount,
  type EvaluationContext,
  type Explanation,
  type ExplanationStep,
  type FlagDefinition,
  type FlagSettings,
  settingsFor,
  targetingKeyOf,
} from '@sluice/core'
import { formatPercent } from '../bar.ts'
import {
  attributesOf,
  describeCondition,
  describeOutcome,
  describeUnmet,
  type FindSegment,
} from '../condition-text.ts'
import type { Context } from '../context.ts'
import { describeShare } from '../flag-state.ts'
import { withSession } from '../session.ts'
import type { Colors } from '../terminal.ts'
import { clean, pad, wrap } from '../text.ts'
import { formatInstant, parseInstant } from '../time.ts'
import { unknownFlag, usageError } from '../usage-error.ts'

/** Where the text of a step begins: behind its number, its mark and its name. */
const textIndent = 19
/** Cells of the line that shows where a user stands. */
const mostLineCells = 60

/**
 * `sluice flags explain KEY --as USER`: what a user gets, and why, step by step.
 *
 * `--as` names the user here, and not who types: nothing is written.
 */
export async function explainFlag(
  context: Context,
  [key]: readonly [string],
  { at }: { readonly at?: string },
): Promise<void> {
  const { world, globals, terminal } = context
  const user = await readUser(globals.as, world.cwd)
  const now = at === undefined ? world.clock.now() : parseInstant(at, world.clock.now(), '--at')
  await withSession(context, async ({ flags, environment }) => {
    const set = at === undefined ? flags.snapshot() : await flags.at(now)
    const found = set.inspect(key)
    if (found === undefined) throw unknownFlag(key, flags, set.keys())
    const explanation = set.explain(key, user, { now })
    const moved = (await flags.history(key)).findLast(
      (commit) =>
        commit.at <= now &&
        commit.changes.some((change) => change.key === `exposure/${environment}/${key}`),
    )
    terminal.document({ ...explanation, context: user })
    const { definition, exposure } = found
    const settings = settingsFor(key, definition, exposure, environment)
    const subject = nameOf(user, definition)
    const findSegment: FindSegment = (name) => explanation.segments?.[name]
    const told = { explanation, settings, user, subject, findSegment }
    terminal.print(
      ...answerLines(told, terminal.color, at === undefined ? undefined : now),
      '',
      ...stepLines(told, terminal),
      '',
      ...sourceLines(explanation, moved, terminal),
    )
  })
}

/** What an explanation is told of. */
interface Told {
  readonly explanation: Explanation
  readonly settings: FlagSettings
  readonly user: EvaluationContext | undefined
  /** What the user is called. */
  readonly subject: string
  readonly findSegment: FindSegment
}

/** A JSON file, JSON itself, or the id of a user. */
async function readUser(
  text: string | undefined,
  cwd: string,
): Promise<EvaluationContext | undefined> {
  if (text === undefined) return undefined
  const isJson = text.trimStart().startsWith('{')
  if (!isJson && !text.endsWith('.json')) return text
  let found: unknown
  try {
    found = JSON.parse(isJson ? text : await readFile(resolve(cwd, text), 'utf8'))
  } catch (cause) {
    throw usageError(
      `--as ${text} cannot be read: ${(cause as Error).message}`,
      `Type an id, as --as ada, or a file that holds {"id": "ada", "country": "DE"}.`,
    )
  }
  if (typeof found === 'object' && found !== null && !Array.isArray(found))
    return found as EvaluationContext
  throw usageError(
    `--as ${text} holds no user.`,
    'Write an object: {"id": "ada", "country": "DE"}.',
  )
}

function nameOf(user: EvaluationContext | undefined, { bucketBy }: FlagDefinition): string {
  if (user === undefined) return 'nobody in particular'
  const own = bucketBy === undefined ? undefined : (user as Record<string, unknown>)[bucketBy]
  return clean(String(own ?? targetingKeyOf(user) ?? 'a user without an id'))
}

function answerLines(
  { explanation, settings, subject }: Told,
  color: Colors,
  at: number | undefined,
): string[] {
  const { key, environment, answer } = explanation
  const isOff = answer.variant === undefined || answer.variant === settings.offVariant
  const variant = answer.variant ?? 'no variant'
  const value = JSON.stringify(answer.value)
  // A variant that is named for its value, or is on or off, says it already.
  const isPlain = typeof answer.value === 'boolean' || answer.value === answer.variant
  const told = value === undefined || isPlain ? '' : ` = ${value}`
  const when = at === undefined ? '' : ` at ${formatInstant(at)}`
  const paint = answer.reason === 'ERROR' ? color.red : isOff ? color.bold : color.green
  return [
    `${color.bold(clean(key))} ${color.dim('for')} ${subject} ${color.dim(`in ${environment}${when}`)}`,
    '',
    `${paint(`${clean(variant)}${told}`)}  ${color.dim(whyOf(explanation))}`,
    ...(answer.errorMessage === undefined ? [] : [color.red(answer.errorMessage)]),
  ]
}

/** The answer's reason in a sentence; the code is what OpenFeature calls it. */
function whyOf({ answer, steps }: Explanation): string {
  const { reason, rule } = answer
  const last = steps.findLast(({ bucketing }) => bucketing !== undefined)
  const sentences: { readonly [reason: string]: string } = {
    DISABLED: 'because the flag does not let anybody on here',
    TARGETING_MATCH: `because rule ${rule} matches`,
    SPLIT:
      last?.step === 'rollout' && !last.passed
        ? 'because the share does not reach this user yet'
        : 'because of where this user falls on the line',
    STATIC: 'as for everybody',
    DEFAULT: 'as for everybody whom no rule matches',
  }
  return `${sentences[reason] ?? 'because of an error'} (${[reason, answer.errorCode].filter(Boolean).join(', ')})`
}

function stepLines(told: Told, { color, width }: Context['terminal']): string[] {
  const { steps } = told.explanation
  const wide = Math.min(width, 110)
  const lines: string[] = []
  let rule = 0
  for (const [index, step] of steps.entries()) {
    const mark = step.passed ? color.green('✓') : color.dim('✗')
    const text = step.step === 'rule' ? ruleText(told, rule++, step) : detailOf(step, told)
    const [first = '', ...more] = wrap(text, wide - textIndent)
    lines.push(`${color.dim(`${index + 1}`)}  ${mark} ${pad(step.step, 12)}  ${first}`)
    lines.push(...more.map((line) => `${' '.repeat(textIndent)}${line}`))
    if (step.bucketing !== undefined) lines.push(...lineOf(step, told, color, wide))
  }
  return lines
}

function detailOf(
  { step, detail, bucketing, passed }: ExplanationStep,
  { settings, subject }: Told,
) {
  if (bucketing === undefined) return clean(detail)
  const at = formatPercent((bucketing.bucket / bucketCount) * 100)
  if (step === 'split')
    return `${subject} falls to ${clean(detail.replace(/^.* falls to /u, ''))}, of ${describeShare({ rollout: 100, split: settings.split })}`
  const share = formatPercent((bucketing.limit / bucketCount) * 100)
  return passed
    ? `${subject} stands at ${at}, inside the ${share}`
    : `${subject} stands at ${at}, outside the ${share}`
}

/** A rule with what it asks for, and what the user has. */
function ruleText(
  { settings, user, findSegment }: Told,
  index: number,
  { passed }: ExplanationStep,
): string {
  const rule = settings.rules[index]
  if (rule === undefined) return ''
  const name = rule.id === undefined ? '' : `${rule.id}: `
  if (passed) {
    return clean(`${name}${describeCondition(rule.if, findSegment)} → ${describeOutcome(rule)}`)
  }
  const has = attributesOf(rule.if, findSegment)
    .map((attribute) => `${attribute} is ${show(valueAt(user, attribute))}`)
    .join(', ')
  return clean(`${name}${describeUnmet(rule.if, findSegment)}${has === '' ? '' : `: ${has}`}`)
}

function valueAt(user: EvaluationContext | undefined, attribute: string): unknown {
  const path = attribute.startsWith('/') ? attribute.slice(1).split('/') : [attribute]
  let value: unknown = typeof user === 'string' ? { targetingKey: user } : user
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name]
  return value
}

function show(value: unknown): string {
  if (value === undefined) return 'not given'
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'not given')
}

/** The line of all users, how much of it is inside, and where this one stands. */
function lineOf(
  { step, bucketing }: ExplanationStep,
  { settings, subject }: Told,
  color: Colors,
  width: number,
): string[] {
  if (bucketing === undefined) return []
  const cells = Math.max(10, Math.min(mostLineCells, width - textIndent - 6))
  const { bucket, limit, input } = bucketing
  const spot = Math.min(cells - 1, Math.floor((bucket / bucketCount) * cells))
  const indent = ' '.repeat(textIndent)
  const inside = Math.round((limit / bucketCount) * cells)
  const track =
    step === 'rollout'
      ? color.green('━'.repeat(inside)) + color.dim('─'.repeat(cells - inside))
      : splitTrack(settings, cells, color)
  const before = spot > cells / 2
  const mark = before ? `${pad(`${subject} `, spot, 'right')}▲` : `${' '.repeat(spot)}▲ ${subject}`
  return [
    `${indent}${track} ${color.dim('100 %')}`,
    `${indent}${color.bold(mark)}`,
    ...wrap(
      `murmur3("${clean(input)}") → bucket ${bucket} of ${bucketCount}`,
      width - textIndent,
    ).map((line) => `${indent}${color.dim(line)}`),
  ]
}

function splitTrack({ split = {}, variants }: FlagSettings, cells: number, color: Colors): string {
  let from = 0
  return Object.keys(variants)
    .filter((name) => split[name] !== undefined)
    .map((name, index, names) => {
      const to =
        index === names.length - 1
          ? cells
          : Math.min(cells, from + Math.round(((split[name] ?? 0) / 100) * cells))
      const part = (index % 2 === 0 ? '━' : '─').repeat(Math.max(0, to - from))
      from = to
      return index % 2 === 0 ? color.green(part) : color.dim(part)
    })
    .join('')
}

function sourceLines(
  { origin, exposure }: Explanation,
  moved:
    | {
        readonly revision: number
        readonly actor: string
        readonly at: number
        readonly reason: string
      }
    | undefined,
  { color, width }: Context['terminal'],
): string[] {
  const lines = [`The definition comes from ${origin}.`]
  if (exposure !== undefined) {
    const by =
      moved === undefined
        ? ''
        : ` by ${moved.actor}, ${formatInstant(moved.at)}: ${moved.reason} (revision ${moved.revision})`
    lines.push(`Laid over it${by}: ${JSON.stringify(exposure)}`)
  }
  return lines.flatMap((line) => wrap(clean(line), Math.min(width, 110))).map(color.dim)
}
