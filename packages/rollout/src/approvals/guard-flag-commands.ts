import { type Exposure, type FlagDefinition, SluiceError, type Split } from '@sluice/core'
import { parseExposure } from '@sluice/core/schema'
import {
  type ChangeNote,
  type Commit,
  exposureKey,
  type FlagClient,
  type FlagCommands,
  flagKey,
  rolloutKey,
} from '@sluice/stores'
import { isAmong } from '../environment-name.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { readExposure } from '../transition/exposure.ts'
import type { Approvals } from './approvals-contract.ts'
import { needsApproval } from './needs-approval.ts'
import type { ApprovalCheck, ApprovalSubject, ApprovalUse } from './subject.ts'
import { untilWritten } from './until-written.ts'

/** What is said of the guard. */
export interface GuardCommandsOptions {
  /** Default: `defaultPolicy`. */
  readonly policy?: Policy
  /** The type of change that a move by hand is; default `minor`. */
  readonly type?: string
}

/** What is guarded: a client of flags. */
export type GuardedFlags = Pick<FlagClient, 'environment' | 'replica' | 'snapshot'> & FlagCommands

/**
 * The commands of a flag client, in which nothing goes up without approval where the policy requires one.
 *
 * A move that goes up and is not approved changes nothing and rejects with `approval_required`; where nobody has asked yet,
 * it asks, in the name of whoever moves. Made again once it is approved, it is carried out, in one commit with the
 * approval that it uses up. `disable`, and whatever goes down, waits for nobody.
 */
export function guardFlagCommands(
  flags: GuardedFlags,
  approvals: Pick<Approvals, 'check' | 'request'>,
  { policy = defaultPolicy, type = 'minor' }: GuardCommandsOptions = {},
): FlagCommands {
  const { environment, replica: log } = flags

  async function move(
    action: 'set_rollout' | 'set_split' | 'enable',
    key: string,
    change: Exposure,
    note: ChangeNote,
    plain: () => Promise<Commit>,
  ): Promise<Commit> {
    if (!isAmong(policy.approvals.requiredIn, environment)) return plain()
    for (const [name, value] of Object.entries(change)) {
      // The schema would take it for a setting that is left out.
      if (value === undefined) throw missing(key, name)
    }
    const written = exposureKey(environment, key)
    const outcome = await untilWritten(log, key, async () => {
      const definition = flags.snapshot().inspect(key)?.definition
      const stands = log.get(written)
      const isUnknown = definition === undefined && !isInLog(key)
      if (isUnknown || (definition === undefined && change.split !== undefined)) {
        throw unknownFlag(key, environment)
      }
      const before = readExposure(stands?.value)
      const { split, ...rest } = before
      parseExposure(key, { ...rest, ...change }, definition)
      const after = { ...before, ...change }
      const use = approve(key, before, after, definition && baselineOf(definition))
      if ('subject' in use) return use
      const { changes, dependsOn, basedOn = log.head.revision } = use
      if (dependsOn.some((each) => log.revisionOf(each) > basedOn)) throw outdated(key)
      const { actor, reason, ticket } = note ?? {}
      return log.commit(
        {
          ...{ actor, action, reason, ticket, environment },
          changes: [{ key: written, value: after as never }, ...changes],
        },
        { dependsOn: [written, flagKey(key), ...dependsOn], basedOn: log.head.revision },
      )
    })
    return 'subject' in outcome ? ask(outcome, key, note) : outcome
  }

  /** A flag that this process has no definition of may be one that the log knows. */
  function isInLog(key: string): boolean {
    const keys = [exposureKey(environment, key), rolloutKey(environment, key), flagKey(key)]
    return keys.some((each) => log.get(each) !== undefined)
  }

  /** The use of the approval; nothing to use where none is needed; what is missing where it is. */
  function approve(
    key: string,
    before: Exposure,
    after: Exposure,
    baseline: string | undefined,
  ): ApprovalUse | Refused {
    const known = baseline === undefined ? {} : { baseline }
    if (!needsApproval({ environment, before, after, ...known }, policy)) {
      return { changes: [], dependsOn: [] }
    }
    const asked = { flag: key, exposure: after as never }
    const subject: ApprovalSubject = { kind: 'rollout', environment, target: key, type, asked }
    const standing = approvals.check(subject)
    return standing.status === 'approved' ? standing.change : { subject, standing }
  }

  async function ask(
    { subject, standing }: Refused,
    key: string,
    note: ChangeNote,
  ): Promise<never> {
    const { status, because, id } = standing
    if (status === 'pending' || status === 'rejected') throw required(key, because, id)
    const { id: asked } = await approvals.request(subject, note)
    throw required(key, `it goes up in ${environment}, and approval was asked for`, asked)
  }

  return {
    setRollout: (key, rollout, note) =>
      move('set_rollout', key, { rollout }, note, () => flags.setRollout(key, rollout, note)),
    setSplit: (key: string, split: Split, note) =>
      move('set_split', key, { split }, note, () => flags.setSplit(key, split, note)),
    enable: (key, note) =>
      move('enable', key, { enabled: true }, note, () => flags.enable(key, note)),
    disable: (key, note) => flags.disable(key, note),
  }
}

interface Refused {
  readonly subject: ApprovalSubject
  readonly standing: Exclude<ApprovalCheck, { status: 'approved' }>
}

/** The variant of those outside, as evaluation has it; where those get the caller's default, the first. */
function baselineOf({ variants, offVariant }: FlagDefinition): string | undefined {
  if (offVariant !== undefined) return offVariant
  if (variants === undefined || Object.hasOwn(variants, 'off')) return 'off'
  return Object.keys(variants)[0]
}

function required(flag: string, because: string, id: string | undefined): SluiceError {
  const found = id === undefined ? {} : { found: id }
  return new SluiceError(
    'approval_required',
    `${flag} was not moved: ${because}. Move it again once ${id ?? 'it'} is approved.`,
    { flag, ...found },
  )
}

/** Approvals that are read from another replica may not have heard what this one has. */
function outdated(flag: string): SluiceError {
  return new SluiceError(
    'conflict',
    `${flag} was not moved: its approval changed since it was looked at. Try again.`,
    { flag },
  )
}

function unknownFlag(flag: string, environment: string): SluiceError {
  return new SluiceError(
    'flag_not_found',
    `This process has no definition of "${flag}" for ${environment}, or the log knows the flag and not its variants; nothing was written. Check the key, or define the flag in code, in a file or in the log first.`,
    { flag },
  )
}

function missing(flag: string, name: string): SluiceError {
  const details = { flag, pointer: `/${name}`, expected: 'a value', found: 'undefined' }
  return new SluiceError('invalid_type', `flag "${flag}": ${name} must be given`, details)
}
