import { longEnvironmentName } from '@sluice/core'
import type { Commit } from '@sluice/stores'
import { bookkeeping, describeChanges } from '../commit-text.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { flagOfKey } from '../log-key.ts'
import { withSession } from '../session.ts'
import { type Column, formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { clean, widthOf } from '../text.ts'
import { formatInstant, parseInstant } from '../time.ts'
import { usageError } from '../usage-error.ts'
import { followLog } from './follow-log.ts'
import { showPast } from './log-at.ts'

/** What is typed behind `sluice log`. */
export interface LogOptions {
  readonly flag?: string
  readonly actor?: string
  readonly action?: string
  readonly since?: string
  readonly until?: string
  readonly limit?: string
  readonly all?: boolean
  readonly follow?: boolean
  readonly at?: string
}

/** Of a long log, the newest. */
const defaultLimit = 20

/** `sluice log`: who did what, when and why; the newest last. */
export async function showLog(
  context: Context,
  _: readonly [],
  options: LogOptions,
): Promise<ExitCode> {
  const now = context.world.clock.now()
  if (options.at !== undefined) {
    await showPast(context, parseInstant(options.at, now, '--at'))
    return exitCodes.done
  }
  const isWanted = createFilter(context, options, now)
  const limit = parseLimit(options.limit)
  return withSession(context, async ({ flags }) => {
    const follower = options.follow === true ? followLog(flags.replica, context) : undefined
    const all = await flags.replica.history('')
    const commits = all.filter(isWanted)
    const shown = commits.slice(-limit)
    const { terminal } = context
    if (follower === undefined) {
      terminal.document({ commits: shown, earlier: commits.length - shown.length })
    }
    if (commits.length > shown.length) {
      const earlier = commits.length - shown.length
      terminal.remark(
        terminal.color.dim(`${earlier} earlier: --limit ${commits.length}, or --since 7d`),
      )
    }
    if (shown.length === 0 && follower === undefined) {
      terminal.remark(terminal.color.dim('No commit fits.'))
    }
    const print = createPrinter(terminal, shown)
    if (follower === undefined) {
      print(shown)
      return exitCodes.done
    }
    for (const commit of shown) terminal.record(commit)
    print(shown)
    await follower.run(all.at(-1)?.revision ?? 0, (commit) => {
      if (!isWanted(commit)) return
      terminal.record(commit)
      print([commit])
    })
    return exitCodes.interrupted
  })
}

function createFilter(
  { globals }: Context,
  { flag, actor, action, since, until, all }: LogOptions,
  now: number,
): (commit: Commit) => boolean {
  const from = since === undefined ? Number.NEGATIVE_INFINITY : parseInstant(since, now, '--since')
  const to = until === undefined ? Number.POSITIVE_INFINITY : parseInstant(until, now, '--until')
  if (from >= to) {
    throw usageError('--since is not before --until.', 'Nothing can lie between them; swap them.')
  }
  const where = globals.env === undefined ? undefined : longEnvironmentName(globals.env)
  return (commit) =>
    (all === true || action !== undefined || !bookkeeping.has(commit.action)) &&
    (actor === undefined || commit.actor === actor) &&
    (action === undefined || commit.action === action) &&
    // Only what was typed narrows: whatever the environment is otherwise, a log is read whole.
    (where === undefined || commit.environment === where) &&
    commit.at >= from &&
    commit.at < to &&
    (flag === undefined || commit.changes.some(({ key }) => flagOfKey(key) === flag))
}

function parseLimit(typed: string | undefined): number {
  if (typed === undefined) return defaultLimit
  if (/^[1-9]\d*$/u.test(typed)) return Number(typed)
  throw usageError(`--limit ${typed} is no number of commits.`, 'Type a whole number from 1.')
}

/** Below this many columns a time is shown without its year and seconds. */
const wideColumns = 110

/** Prints commits as rows; those that come later stand below the first ones. */
function createPrinter(terminal: Terminal, first: readonly Commit[]) {
  const { color } = terminal
  const isWide = terminal.width >= wideColumns
  const toCells = (commit: Commit) => {
    const { revision, at, actor, action, environment, reason, ticket } = commit
    const when = formatInstant(at)
    return [
      String(revision),
      isWide ? when : when.slice(5, 16),
      clean(actor),
      clean(action),
      clean(environment ?? ''),
      clean(describeChanges(commit)),
      clean(ticket === undefined ? reason : `${reason} (${ticket})`),
    ]
  }
  const widths = first
    .map(toCells)
    .reduce<number[]>(
      (most, cells) => cells.map((cell, index) => Math.max(most[index] ?? 0, widthOf(cell))),
      [],
    )
  let title: ((text: string) => string) | undefined = color.dim
  return (commits: readonly Commit[]) => {
    if (commits.length === 0) return
    const paintAction = (text: string, row: number) =>
      reductions.test(commits[row]?.action ?? '') ? color.yellow(text) : text
    const columns: Column[] = [
      { title: 'no', align: 'right', paint: color.dim },
      { title: isWide ? 'when' : 'when (UTC)', paint: color.dim },
      { title: 'who', shrinks: true, least: 6 },
      { title: 'what', shrinks: true, least: 9, paint: paintAction },
      { title: 'where', shrinks: true, least: 6, paint: color.dim },
      { title: '', shrinks: true, least: 12 },
      { title: 'why', shrinks: true, least: 8, paint: color.dim },
    ]
    const set = columns.map((column, index) => ({ ...column, atLeast: widths[index] ?? 0 }))
    const titled = title === undefined ? {} : { title }
    title = undefined
    terminal.print(...formatTable(set, commits.map(toCells), { width: terminal.width, ...titled }))
  }
}

/** Actions that took something away from users: those are looked for first. */
const reductions = /^(?:roll_back|abort|disable|rolled_back)/u
