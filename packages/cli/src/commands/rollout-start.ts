import { nearestName, SluiceError } from '@sluice/core'
import {
  type Approval,
  type Approvals,
  createRolloutController,
  defaultPolicy,
  isActive,
  type RolloutState,
  readRolloutBoard,
  rolloutSubject,
} from '@sluice/rollout'
import { exposureKey, flagKey } from '@sluice/stores'
import { confirmChange } from '../confirm-change.ts'
import type { Context, NoteOptions } from '../context.ts'
import { noteOf } from '../note.ts'
import { sayRollout } from '../rollout/describe.ts'
import { sayGuards, sayPlan } from '../rollout/describe-terms.ts'
import { readRollout } from '../rollout/find-rollout.ts'
import { findTerms, type Terms, type TermsOptions } from '../rollout/terms.ts'
import { type Session, withSession } from '../session.ts'
import { wrap } from '../text.ts'

/** What `rollout start` takes. */
export interface StartOptions extends TermsOptions, NoteOptions {
  /** The flag is defined in the services' code, and neither in the log nor in the configuration. */
  readonly inCode?: boolean
}

/** `rollout start KEY` */
export async function startRollout(
  context: Context,
  [flag]: readonly [string],
  options: StartOptions,
): Promise<void> {
  const { terminal, world } = context
  await withSession(context, async (session) => {
    const { flags, environment, config } = session
    const note = noteOf(await session.actor(), options)
    assertKnown(session, flag, options)
    assertFree(readRollout(flags, flag), environment)
    const terms = await findTerms(flag, options, { config, cwd: world.cwd })
    terminal.remark(`plan    ${sayPlan(terms.plan)}`, `guards  ${sayGuards(terms.guards)}`)
    await confirmChange(context, session, `Start the rollout of ${flag} in ${environment}?`)
    const approvals = await session.approvals()
    const type = approvalType(terms)
    const asked = await requestFirst(session, approvals, flag, terms, note)
    const controller = createRolloutController({
      ...{ replica: flags.replica, environment, flag, clock: world.clock, actor: note.actor },
      ...{ plan: terms.plan, guards: terms.guards, alpha: terms.alpha, gates: closedGates(terms) },
      ...(config.policy === undefined ? {} : { policy: config.policy }),
      ...(approvals === undefined ? {} : { approvals }),
    })
    const state = await controller.start({ ...note, ...(terms.type === undefined ? {} : { type }) })
    terminal.print(...wrap(sayRollout(state, world.clock.now()), terminal.width))
    if (asked !== undefined) terminal.print(...sayAsked(asked))
    const isWatched = await isTakenUp(context, session, state)
    if (isWatched === false) terminal.remark(terminal.color.yellow(sayUnwatched(flag)))
    terminal.document({ state, ...(asked === undefined ? {} : { approval: asked }) })
  })
}

/** A flag that nobody here knows of is misspelt, more often than not. */
function assertKnown(
  { flags, environment }: Session,
  flag: string,
  { inCode }: StartOptions,
): void {
  const { replica } = flags
  const isKnown =
    flags.snapshot().inspect(flag) !== undefined ||
    [exposureKey(environment, flag), flagKey(flag)].some((key) => replica.get(key) !== undefined)
  if (isKnown || inCode === true) return
  const prefix = exposureKey(environment, '')
  const moved = replica.keys(prefix).map((key) => key.slice(prefix.length))
  const nearest = nearestName(flag, [...flags.snapshot().keys(), ...moved])
  throw new SluiceError(
    'flag_not_found',
    [
      `Neither the log nor the configuration knows a flag "${flag}".`,
      ...(nearest === undefined ? [] : [`Did you mean ${nearest}?`]),
      'Where the services define it in their code, add --in-code.',
    ].join('\n'),
    { flag },
  )
}

function assertFree(state: RolloutState | undefined, environment: string): void {
  if (state === undefined || !isActive(state)) return
  const { flag, phase, startedBy } = state
  throw new SluiceError(
    'rollout_exists',
    [
      `${flag} already has a rollout in ${environment}: ${phase.replaceAll('_', ' ')}, started by ${startedBy}.`,
      `sluice rollout status ${flag} shows it; ${sayEnd(phase)}.`,
    ].join('\n'),
    { flag },
  )
}

/** What ends a rollout that is in the way. */
function sayEnd(phase: RolloutState['phase']): string {
  const isGoingBack = phase === 'rolling_back' || phase === 'verifying'
  return isGoingBack
    ? 'a service that runs its controller ends it, once no request reaches the canary'
    : 'rollback or abort ends it'
}

function approvalType({ type, plan }: Pick<Terms, 'type' | 'plan'>): string {
  return type ?? plan.stages[0]?.approval ?? 'minor'
}

/** Asks for the approval that the start will want, in the name of whoever starts, unless that is under way. */
async function requestFirst(
  { environment, config }: Session,
  approvals: Approvals | undefined,
  flag: string,
  terms: Terms,
  note: { readonly actor: string; readonly reason: string; readonly ticket?: string },
): Promise<Approval | undefined> {
  const { policy = defaultPolicy } = config
  const own = terms.plan.stages[0]?.approval
  const isWanted = own !== undefined || policy.approvals.requiredIn.includes(environment)
  if (approvals === undefined || !isWanted) return undefined
  const { plan, guards, alpha } = terms
  const subject = rolloutSubject({ flag, environment, plan, guards, alpha }, approvalType(terms))
  const { status } = approvals.check(subject)
  if (status === 'approved' || status === 'pending') return undefined
  return approvals.request(subject, note)
}

function sayAsked({ id, subject }: Approval): string[] {
  return [
    `asked for approval ${id} (${subject.type})`,
    `  sluice approve ${id} --reason "…"  is for somebody else to type`,
  ]
}

/** What a plan's gates ask is known to the services alone: to this process they are closed. */
function closedGates({ plan }: Terms) {
  const names = plan.stages.flatMap(({ gate = [] }) => gate)
  const closed = () => ({ isOpen: false, because: 'the services ask it' })
  return Object.fromEntries(names.map((name) => [name, closed]))
}

/** A process that runs a controller sees the log within a second, and stands for the lease in the next. */
const looks = 20
const askEveryMs = 250

/** Whether a service's controller looks at a rollout that has begun; undefined where nobody can know. */
async function isTakenUp(
  { world: { clock, signal } }: Context,
  { store: { exchange }, environment }: Session,
  { flag, id, phase }: RolloutState,
): Promise<boolean | undefined> {
  if (exchange === undefined || phase !== 'running') return undefined
  for (let look = 0; look < looks && !signal.aborted; look++) {
    const board = await readRolloutBoard(exchange, { environment, flag, rollout: id })
    if (board === undefined) return undefined
    if (board.onDuty.length > 0) return true
    await new Promise<void>((resolve) => clock.after(askEveryMs, resolve, { keepsAlive: true }))
  }
  return false
}

function sayUnwatched(flag: string): string {
  return [
    'No process looks at it yet, so it stays where it is.',
    `Does a service run a controller of ${flag} (createRolloutController(…).run())?`,
  ].join(' ')
}
