import type { Verdict } from '@sluice/guards'
import type { Alert } from '@sluice/guards/webhook'
import { isOpen, isRolloutOver, type RolloutState } from '../transition/state.ts'
import { type FoundCondition, type Seen, shortestRepeatMs } from './next-alerts.ts'
import { textOf } from './text-of.ts'

/** What a process heard of a rollout since it last asked. */
export interface Heard {
  /** Undefined where no look saw anything. */
  readonly verdicts?: readonly Verdict[]
  /** Why nothing can be seen. */
  readonly blind?: string
  /** Why a rollback that was decided is not in the log. */
  readonly pendingRollback?: string
}

/** How grave a guard's failure is, by the guard's name; it goes before what the guard says itself. */
export type AlertSeverities = Readonly<Record<string, Alert['severity']>>

/** A check that is critical and does not answer for so long is a service of which nothing is known. */
const unknownForMs = 60_000

/** Finds what is wrong with a rollout. */
export function findConditions(
  state: RolloutState,
  heard: Heard,
  { severities = {}, now }: { readonly severities?: AlertSeverities; readonly now: number },
): Pick<Seen, 'found' | 'undecided' | 'hasLooked' | 'isBlind' | 'over'> {
  const found: FoundCondition[] = []
  const undecided: string[] = []
  for (const verdict of heard.verdicts ?? []) {
    const condition = `guard/${verdict.guard}`
    const asked = Object.hasOwn(severities, verdict.guard) ? severities[verdict.guard] : undefined
    const severity = asked ?? verdict.alert
    if (verdict.outcome === 'fail') {
      const next = nextAfter(verdict, state)
      found.push({ condition, severity: severity ?? severityOf(verdict), next, ...pick(verdict) })
    } else if (verdict.outcome === 'inconclusive') {
      if (verdict.kind === 'check' && severity === 'critical') {
        found.push({ condition, severity, forMs: unknownForMs, ...unanswered, ...pick(verdict) })
      } else undecided.push(condition)
    }
  }
  found.push(...findTrouble(state, heard), ...findEnd(state, now))
  return {
    found,
    undecided,
    hasLooked: heard.verdicts !== undefined,
    isBlind: heard.blind !== undefined,
    ...(isRolloutOver(state) ? { over: `the rollout is over: ${state.phase}` } : {}),
  }
}

function severityOf({ consequence }: Verdict): Alert['severity'] {
  return consequence === 'rollback' ? 'critical' : 'warning'
}

function pick({ because, estimate }: Verdict): { because: string; value?: number } {
  const isNumber = estimate !== undefined && Number.isFinite(estimate)
  // Judges may be anybody's, in plain JavaScript.
  return { because: textOf(because), ...(isNumber ? { value: estimate } : {}) }
}

const unanswered = { next: 'The rollout does not advance before the check answers.' }

function nextAfter({ consequence }: Verdict, state: RolloutState): string {
  if (consequence === 'rollback') return 'The rollout goes back to 0 percent by itself.'
  if (state.phase === 'paused') return 'The rollout is paused: a person decides.'
  if (consequence === 'warn') return 'The rollout is not stopped by this: a person decides.'
  return 'The rollout holds until the cause is gone, or somebody promotes it or rolls it back.'
}

function findTrouble(state: RolloutState, { blind, pendingRollback }: Heard): FoundCondition[] {
  const found: FoundCondition[] = []
  if (blind !== undefined) {
    found.push({
      condition: 'blind',
      severity: 'critical',
      because: blind,
      next: 'Nothing advances until the canary can be seen again; somebody may roll it back.',
    })
  }
  if (pendingRollback !== undefined && isOpen(state)) {
    found.push({
      condition: 'rollback_pending',
      severity: 'critical',
      because: `a rollback was decided and cannot be written: ${pendingRollback}`,
      next: 'It is tried again at each look. Until then the canary keeps its share.',
    })
  }
  if (state.phase === 'holding' && state.isOverdue) {
    found.push({
      condition: 'hold_overdue',
      severity: 'warning',
      because: `held for longer than the plan allows: ${state.because}`,
      next: 'It goes on holding: promote it, or roll it back.',
    })
  }
  return found
}

/** What ended while nobody was there to tell of it is told for ten minutes; later it is history. */
function findEnd(state: RolloutState, now: number): FoundCondition[] {
  if (state.phase !== 'rolled_back' || now - state.endedAt > shortestRepeatMs) return []
  const back: FoundCondition = {
    condition: 'rolled_back',
    severity: 'warning',
    because: `${state.rollback.because} (by ${state.rollback.by})`,
    next: 'The flag is at 0 percent. Find the cause, then start a new rollout.',
    isMoment: true,
  }
  if (state.overruns.length === 0) return [back]
  const overrun: FoundCondition = {
    condition: 'rollback_overrun',
    severity: 'critical',
    because: `the rollback took longer than the plan allows: ${state.overruns.join(', ')}`,
    next: 'See whether requests still reach the canary, and why it took so long.',
    isMoment: true,
  }
  return [overrun, back]
}
