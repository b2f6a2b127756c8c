import { createGuardSet } from '@sluice/guards'
import { type RolloutState, readEvidence, shareOfAlpha } from '@sluice/rollout'
import type { Replica } from '@sluice/stores'
import type { GuardsView } from './view.ts'

/** What the last evidence in the log makes the guards say; undefined where none was kept of this rollout. */
export function readKeptVerdicts(
  replica: Pick<Replica, 'get'>,
  state: RolloutState,
): GuardsView | undefined {
  const { flag, environment, guards, alpha } = state
  const kept = readEvidence(replica.get(`evidence/${environment}/${flag}`)?.value, state)
  if (kept?.checkpoint === undefined) return undefined
  const set = createGuardSet(guards, {
    alpha: shareOfAlpha(alpha, kept.run),
    from: kept.checkpoint,
  })
  return { verdicts: set.verdicts(), from: 'log', at: kept.at }
}

/**
 * For how long the present stage was observed, in ms: what the log says of it, and the time since, as far as it can have
 * been observed.
 */
export function readObservedMs(
  replica: Pick<Replica, 'get'>,
  state: RolloutState,
  now: number,
): number {
  if (!('enteredAt' in state)) return 0
  const { flag, environment, stage, enteredAt } = state
  const kept = readEvidence(replica.get(`evidence/${environment}/${flag}`)?.value, state)
  const observed = kept?.observed
  if (kept === undefined || observed?.enteredAt !== enteredAt || observed.stage !== stage) {
    return state.phase === 'running' ? now - enteredAt : 0
  }
  const since = now - kept.at
  const isLooking = state.phase === 'running' && kept.isReleased !== true && since < longestGapMs
  return observed.observedMs + (isLooking ? Math.max(0, since) : 0)
}

/**
 * Whether a stage has run for a while and no process ever took the rollout up: whoever looks leaves evidence in the log at
 * once. A rollout without guards leaves none, whoever looks.
 */
export function isLeftAlone(
  replica: Pick<Replica, 'get'>,
  state: RolloutState,
  now: number,
): boolean {
  const { flag, environment, guards } = state
  if (state.phase !== 'running' || guards.length === 0) return false
  if (now - state.enteredAt < takeUpLimitMs) return false
  return readEvidence(replica.get(`evidence/${environment}/${flag}`)?.value, state) === undefined
}

/** A process that runs a controller sees the log within a second, and has looked in the next. */
const takeUpLimitMs = 10_000

/** Evidence is kept once a minute: older, and nobody looks. */
const longestGapMs = 90_000
