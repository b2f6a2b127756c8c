import type { HealthCounts } from '@sluice/guards'
import {
  type Approvals,
  type ApprovalView,
  createFleetSource,
  digestOf,
  type RolloutBoard,
  type RolloutState,
  readRolloutBoard,
} from '@sluice/rollout'
import { type Commit, exposureKey, rolloutKey } from '@sluice/stores'
import type { Session } from '../session.ts'
import { requireRollout } from './find-rollout.ts'
import { isLeftAlone, readKeptVerdicts, readObservedMs } from './guards-view.ts'
import { createLiveRates } from './live-rates.ts'
import { nextSubject } from './next-subject.ts'
import type { RolloutView } from './view.ts'

/** What guards write down for each other, and no person needs to read. */
const bookkeeping: ReadonlySet<string> = new Set(['watch', 'keep_evidence'])

/** The phases in which guards look. */
const watched: ReadonlySet<string> = new Set([
  ...['running', 'holding', 'paused', 'rolling_back', 'verifying'],
])

/** Reads a rollout, again and again, from the log and from what its processes tell on the store's exchange. */
export interface Observer {
  /** @throws SluiceError `no_rollout`, `invalid_rollout_state`. A store that is away is told in the view. */
  read(): Promise<RolloutView>
  /** What happened since it was asked last, oldest first; at first, what happened in this rollout so far. */
  takeNews(): readonly Commit[]
}

/** @param shownEvents How many events a view holds at most. */
export function createObserver(
  session: Session,
  flag: string,
  { now, shownEvents = 5 }: { readonly now: () => number; readonly shownEvents?: number },
): Observer {
  const { flags, store, environment } = session
  const { replica } = flags
  const { exchange } = store
  const source = createFleetSource({ exchange, environment, flag })
  const live = createLiveRates()
  const keys = [rolloutKey(environment, flag), exposureKey(environment, flag)]
  let events: readonly Commit[] = []
  let readAt = -1
  let toldRevision = 0
  let trouble: string | undefined

  async function attempt<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask()
    } catch (error) {
      trouble ??= `The store does not answer: ${(error as Error).message}`
      return undefined
    }
  }

  /** The whole log is read for it, so only where something of this rollout was written. */
  async function readEvents(state: RolloutState): Promise<void> {
    const revision = Math.max(...keys.map((key) => replica.revisionOf(key)))
    if (revision === readAt) return
    const commits = await attempt(() => replica.history((key) => keys.includes(key)))
    if (commits === undefined) return
    const since = Number(state.id.slice(state.id.lastIndexOf('@') + 1)) || 0
    events = commits.filter((each) => each.revision >= since && !bookkeeping.has(each.action))
    readAt = revision
  }

  async function readExchange(
    state: RolloutState,
  ): Promise<readonly [HealthCounts | undefined, RolloutBoard | undefined]> {
    if (exchange === undefined || !watched.has(state.phase)) return [undefined, undefined]
    const { id: rollout } = state
    return Promise.all([
      attempt(() => source.read()),
      attempt(() => readRolloutBoard(exchange, { environment, flag, rollout })),
    ])
  }

  return {
    async read() {
      trouble = undefined
      // Only the store's answer makes what is shown current; without one it says so.
      await attempt(() => replica.refresh())
      const state = requireRollout(flags, flag)
      const [, [counts, board], desk] = await Promise.all([
        readEvents(state),
        readExchange(state),
        session.approvals(),
      ])
      const at = now()
      const told = source.processes().filter(({ status }) => status === 'live').length
      const said = board?.said
      return {
        ...{ state, now: at, events: events.slice(-shownEvents), trouble },
        observedMs: readObservedMs(replica, state, at),
        rates: counts === undefined ? undefined : live.take(counts, at, told),
        guards:
          said === undefined
            ? readKeptVerdicts(replica, state)
            : { verdicts: said.verdicts, from: 'live', at },
        // Without an exchange only the log tells, and only that nobody came.
        onDuty: board?.onDuty ?? (isLeftAlone(replica, state, at) ? [] : undefined),
        approvals: approvalsOf(state, desk),
      }
    },

    takeNews() {
      const news = events.filter(({ revision }) => revision > toldRevision)
      toldRevision = Math.max(toldRevision, ...news.map(({ revision }) => revision))
      return news
    },
  }
}

/** Those for exactly the next stage: a yes to anything else that is asked for the flag moves nothing here. */
function approvalsOf(
  state: RolloutState,
  desk: Pick<Approvals, 'list'> | undefined,
): readonly ApprovalView[] {
  const subject = nextSubject(state)
  if (subject === undefined || desk === undefined) return []
  const { environment, target } = subject
  const digest = digestOf(subject)
  return desk
    .list({ environment, target })
    .filter(({ approval, standing }) => approval.digest === digest && isInForce(standing))
}

function isInForce({ status }: ApprovalView['standing']): boolean {
  return status === 'pending' || status === 'approved'
}
