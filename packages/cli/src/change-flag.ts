import {
  type Exposure,
  type FlagSettings,
  isSluiceError,
  SluiceError,
  settingsFor,
} from '@sluice/core'
import {
  type ChangeNote,
  type Commit,
  exposureKey,
  type FlagCommands,
  flagKey,
} from '@sluice/stores'
import { confirmChange } from './confirm-change.ts'
import type { Context, NoteOptions } from './context.ts'
import {
  describeExposure,
  describeInFull,
  describeSettings,
  describeShare,
  exposureOf,
} from './flag-state.ts'
import { noteOf } from './note.ts'
import { type Session, withSession } from './session.ts'
import { clean, wrap } from './text.ts'
import { unknownFlag } from './usage-error.ts'

/** A change of one flag, as a person asks for it. */
export interface FlagChange {
  readonly key: string
  /** What is laid over the flag; what is not named stays. */
  readonly change: Exposure
  /** Whether it can only reduce what is served: then nobody is asked. */
  readonly isDown?: boolean
  readonly write: (commands: FlagCommands, note: ChangeNote) => Promise<Commit>
}

/** Makes a change: asks where it goes up in production, writes it, and says what stands now. */
export function changeFlag(
  context: Context,
  { key, change, isDown = false, write }: FlagChange,
  options: NoteOptions,
): Promise<void> {
  return withSession(context, async (session) => {
    const { flags, environment } = session
    const found = flags.snapshot().inspect(key)
    const inLog =
      flags.replica.get(`exposure/${environment}/${key}`) ??
      flags.replica.get(`rollout/${environment}/${key}`)
    // What the log knows can be turned off, whoever defines it.
    if (found === undefined && !(isDown && inLog !== undefined)) {
      throw unknownFlag(key, flags, flags.snapshot().keys())
    }
    const note = noteOf(await session.actor(), options)
    const before = found && settingsFor(key, found.definition, found.exposure, environment)
    const after =
      found && settingsFor(key, found.definition, { ...found.exposure, ...change }, environment)
    const was =
      before === undefined
        ? describeExposure(exposureOf(flags.replica, environment, key))
        : describeSettings(before)
    const is = after === undefined ? 'off' : describeSettings(after)
    if (!isDown && isUp(before, after)) {
      const standing = createStanding(session, key)
      const goal = after !== undefined && was === 'off' ? describeInFull(after) : is
      await confirmChange(context, session, `${key} in ${environment}: ${was} → ${goal}. Do it?`)
      await standing.check()
    }
    const commit = await write(await session.commands(), note).catch((error: unknown) => {
      throw withRemedy(error, key)
    })
    tell(context, session, { key, was, after, commit })
  })
}

/** Whether what somebody was asked about still stands: they may have thought for an hour. */
function createStanding({ flags, environment }: Session, key: string) {
  const { replica } = flags
  const read = () =>
    Math.max(...[exposureKey(environment, key), flagKey(key)].map(replica.revisionOf))
  const seen = read()
  return {
    /** @throws SluiceError `conflict`. */
    async check(): Promise<void> {
      await replica.refresh()
      if (read() === seen) return
      const what = `Nothing was changed: somebody else moved ${key} in ${environment} while you were asked.`
      throw new SluiceError('conflict', `${what}\n${conflictRemedy(key)}`, { flag: key })
    },
  }
}

function conflictRemedy(key: string): string {
  return `sluice flags show ${key} says who, and what stands now. Type this again if it is still right.`
}

/** In doubt it is up: another split moves users, whichever way. */
function isUp(before: FlagSettings | undefined, after: FlagSettings | undefined): boolean {
  if (before === undefined || after === undefined) return true
  if (!after.enabled && !before.enabled && after.rollout <= before.rollout) return false
  if (after.enabled && !before.enabled) return true
  if (JSON.stringify(before.split) !== JSON.stringify(after.split)) return true
  return after.rollout > before.rollout
}

/** What to type where approval is missing, or somebody else was faster. */
function withRemedy(error: unknown, key: string): unknown {
  if (!isSluiceError(error)) return error
  if (error.code === 'conflict') {
    const text = `${error.message}\n${conflictRemedy(key)}`
    return new SluiceError('conflict', text, { flag: key, cause: error })
  }
  if (error.code !== 'approval_required') return error
  const { message, flag, found } = error
  const id = found ?? 'ID'
  const lines = [
    message,
    `sluice approvals shows what waits; somebody else types sluice approve ${id}.`,
    'Then type this again.',
  ]
  return new SluiceError('approval_required', lines.join('\n'), {
    ...(flag === undefined ? {} : { flag }),
    ...(found === undefined ? {} : { found }),
    cause: error,
  })
}

function tell(
  { terminal }: Context,
  { environment }: Session,
  {
    key,
    was,
    after,
    commit,
  }: {
    readonly key: string
    readonly was: string
    readonly after: FlagSettings | undefined
    readonly commit: Commit
  },
): void {
  const { color, width } = terminal
  const { revision, actor, reason, ticket } = commit
  terminal.document({
    ...{ key, environment },
    enabled: after?.enabled ?? false,
    rollout: after?.rollout,
    split: after?.split,
    ...{ revision, actor, reason, ticket },
    hash: commit.hash,
  })
  const now = after === undefined ? 'off' : describeSettings(after)
  const facts = [`revision ${revision}`, actor, reason, ...(ticket === undefined ? [] : [ticket])]
  const indented = (line: string) => wrap(line, Math.min(width, 110) - 4)
  const [first = '', ...more] = indented(`${clean(key)} is ${now} in ${environment} (was ${was})`)
  terminal.print(
    `${color.green('✓')} ${first.replace(clean(key), color.bold(clean(key)))}`,
    ...more.map((line) => `  ${line}`),
    ...indented(clean(facts.join(' · '))).map((line) => `  ${color.dim(line)}`),
  )
  const [hint = '', ...rest] = indented(hintFor(clean(key), environment, after, commit) ?? '')
  if (hint === '') return
  terminal.print(`  ${color.yellow('!')} ${hint}`, ...rest.map((line) => `    ${line}`))
}

/** What was probably meant to happen too, and did not. */
function hintFor(
  key: string,
  environment: string,
  after: FlagSettings | undefined,
  { action }: Commit,
): string | undefined {
  if (after === undefined || action === 'disable') return undefined
  const where = `--env ${environment} --reason "…"`
  if (!after.enabled) {
    return `Once it is on, it reaches ${describeShare(after)}: sluice enable ${key} ${where}`
  }
  if (action !== 'enable' || after.rollout > 0 || after.rules.length > 0) return undefined
  return `It reaches nobody yet: sluice set ${key} 25 ${where}`
}
