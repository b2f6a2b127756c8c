import {
  type Exposure,
  type FlagSettings,
  isSluiceError,
  SluiceError,
  settingsFor,
} from '@sluice/core'
import type { ChangeNote, Commit, FlagCommands } from '@sluice/stores'
import { confirmChange } from './confirm-change.ts'
import type { Context, NoteOptions } from './context.ts'
import { describeSettings } from './flag-state.ts'
import { noteOf } from './note.ts'
import { type Session, withSession } from './session.ts'
import { clean } from './text.ts'
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
      throw unknownFlag(key, environment, flags.snapshot().keys())
    }
    const note = noteOf(await session.actor(), options)
    const before = found && settingsFor(key, found.definition, found.exposure, environment)
    const after =
      found && settingsFor(key, found.definition, { ...found.exposure, ...change }, environment)
    const [was, is] = [before, after].map((each) =>
      each === undefined ? 'off' : describeSettings(each),
    )
    if (!isDown && isUp(before, after)) {
      await confirmChange(
        context,
        session,
        `${clean(key)} in ${environment}: ${was} → ${is}. Do it?`,
      )
    }
    const commit = await write(await session.commands(), note).catch((error: unknown) => {
      throw withRemedy(error)
    })
    tell(context, session, { key, was: was ?? '', after, commit })
  })
}

/** In doubt it is up: another split moves users, whichever way. */
function isUp(before: FlagSettings | undefined, after: FlagSettings | undefined): boolean {
  if (before === undefined || after === undefined) return true
  if (!after.enabled && !before.enabled && after.rollout <= before.rollout) return false
  if (after.enabled && !before.enabled) return true
  if (JSON.stringify(before.split) !== JSON.stringify(after.split)) return true
  return after.rollout > before.rollout
}

/** What to type where approval is missing. */
function withRemedy(error: unknown): unknown {
  if (!isSluiceError(error) || error.code !== 'approval_required') return error
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
  const { color } = terminal
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
  terminal.print(
    `${color.green('✓')} ${color.bold(clean(key))} is ${now} in ${environment} ${color.dim(`(was ${was})`)}`,
    `  ${color.dim(clean(facts.join(' · ')))}`,
  )
  if (after !== undefined && !after.enabled && commit.action !== 'disable') {
    terminal.print(
      `  ${color.yellow('!')} It is off for everybody: sluice enable ${clean(key)} --env ${environment} turns it on.`,
    )
  }
}
