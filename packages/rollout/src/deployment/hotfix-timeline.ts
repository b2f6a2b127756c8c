import type { Policy } from '../policy/policy.ts'
import { isProcedureOver, type ProcedureState, stepOf } from '../procedure/state.ts'
import type { HotfixTimes } from './terms.ts'

/** One phase of the fast track, beside what the policy allows. */
export interface HotfixPhase {
  readonly name: 'fix' | 'testing' | 'approval' | 'deployment' | 'total'
  readonly startedAt: number
  /** Absent while it goes on. */
  readonly endedAt?: number
  /** What it took, or has taken so far. */
  readonly ms: number
  readonly limitMs: number
  readonly isOverrun: boolean
}

/** The fast track's clock (P29). */
export interface HotfixTimeline {
  /** Those that have begun, and the total. */
  readonly phases: readonly HotfixPhase[]
  readonly overruns: readonly HotfixPhase['name'][]
  /** When the post-mortem is due, epoch ms; absent until the hotfix is over. */
  readonly postMortemDueAt?: number
}

/**
 * How long each phase of a hotfix took.
 *
 * @param state Its deployment; undefined before it starts.
 * @param now Epoch ms: what goes on counts up to here.
 */
export function hotfixTimeline(
  times: HotfixTimes,
  state: ProcedureState | undefined,
  { hotfix }: Policy,
  now: number,
): HotfixTimeline {
  const { fixStartedAt, fixedAt, testedAt } = times
  const approvedAt = endOf(state, 'approval')
  const isOver = state !== undefined && isProcedureOver(state)
  const endedAt = isOver && 'endedAt' in state ? state.endedAt : undefined
  // The users have it when the switch is done; to monitor it closely is the step after, with a time of its own.
  const liveAt = endOf(state, 'switch') ?? endedAt

  const phases = [
    phase('fix', fixStartedAt, fixedAt, hotfix.fixMs),
    phase('testing', fixedAt, testedAt, hotfix.testingMs),
    phase('approval', testedAt, approvedAt ?? endedAt, hotfix.approvalMs),
    ...(approvedAt === undefined
      ? []
      : [phase('deployment', approvedAt, liveAt, hotfix.deploymentMs)]),
    phase('total', fixStartedAt, liveAt, hotfix.totalMs),
  ]
  return {
    phases,
    overruns: phases.filter(({ isOverrun }) => isOverrun).map(({ name }) => name),
    ...(endedAt === undefined ? {} : { postMortemDueAt: endedAt + hotfix.postMortemMs }),
  }

  function phase(
    name: HotfixPhase['name'],
    startedAt: number,
    end: number | undefined,
    limitMs: number,
  ): HotfixPhase {
    // A clock that went back makes no phase negative.
    const ms = Math.max(0, (end ?? now) - startedAt)
    const ended = end === undefined ? {} : { endedAt: end }
    return { name, startedAt, ...ended, ms, limitMs, isOverrun: ms > limitMs }
  }
}

/** When a step was over; undefined while it is not. */
function endOf(state: ProcedureState | undefined, name: string): number | undefined {
  const step = state && stepOf(state, name)
  if (state === undefined || step === undefined) return undefined
  if (step.phase === 'skipped') return step.at
  if ('endedAt' in step) return step.endedAt
  if (!('undo' in step) || step.cause !== undefined) return undefined
  // Of what went back later, the end is not kept; the step after it began then.
  const next = state.steps[state.steps.indexOf(step) + 1]
  if (next?.phase === 'skipped') return next.at
  if (next !== undefined && 'run' in next) return next.run.firstBegunAt
  return next !== undefined && 'firstBegunAt' in next ? next.firstBegunAt : undefined
}
