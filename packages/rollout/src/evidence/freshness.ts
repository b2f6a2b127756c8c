import { isProbeKind, type Verdict } from '@sluice/guards'
import { isOpen, type RolloutState, stagePercent } from '../transition/state.ts'
import type { Look } from './judge.ts'

/** Knows how old the data behind the verdicts are, by time that passed and not by stamps alone. */
export interface Freshness {
  /** Takes in a look, also one that saw nothing. @param passedMs Since the look before; 0 or more. */
  note(look: Look, passedMs: number, now: number): void
  /**
   * Finds what is too old, or missing, to vouch for the canary as it is now.
   *
   * @returns A line for people; undefined where every pass is fresh.
   */
  findSilence(verdicts: readonly Verdict[], state: RolloutState): string | undefined
}

/** Guards that compare with a stable arm have no new data once the canary has every request. */
const relativeKinds: ReadonlySet<string> = new Set([
  'error_rate',
  'latency',
  'custom',
  'sample_ratio',
])

/**
 * Starts without data.
 *
 * A stamp is compared with the clock once, when it is new; from then on the data age by the time that
 * passes between looks. So a clock that was ahead for a moment does not leave old data young for as long.
 */
export function createFreshness(): Freshness {
  const ages = new Map<string, { readonly dataAt: number; readonly ageMs: number }>()
  /** Since the canary last served; before it ever did, since the first look that could tell. */
  let canaryAgeMs: number | undefined
  let hasServed = false

  return {
    note({ verdicts = [], canaryRequests }, passedMs, now) {
      for (const [guard, { dataAt, ageMs }] of ages) {
        ages.set(guard, { dataAt, ageMs: ageMs + passedMs })
      }
      for (const { guard, dataAt } of verdicts) {
        if (dataAt === undefined || ages.get(guard)?.dataAt === dataAt) continue
        ages.set(guard, { dataAt, ageMs: Math.max(0, now - dataAt) })
      }
      if (canaryAgeMs !== undefined) canaryAgeMs += passedMs
      if (canaryRequests === undefined) return
      if (canaryRequests > 0) hasServed = true
      if (canaryRequests > 0 || canaryAgeMs === undefined) canaryAgeMs = 0
    },

    findSilence(verdicts, state) {
      if (!isOpen(state)) return undefined
      const { silenceLimitMs, stages } = state.plan
      const isFull = stagePercent(state.plan, state.stage) === 100
      // No stage is passed on data from before it, however short it is.
      const limitMs = Math.min(silenceLimitMs, stages[state.stage]?.monitorMs ?? 0)
      for (const verdict of verdicts) {
        const { guard, outcome, consequence, dataAt } = verdict
        if (consequence === 'warn') continue
        const isWaiting =
          outcome === 'inconclusive' && dataAt === undefined && !hasServed && !looksItself(verdict)
        if (isWaiting && (canaryAgeMs ?? 0) > silenceLimitMs) {
          return `no request has reached the canary for ${toSeconds(canaryAgeMs)} s: is ${state.flag} defined, and asked, where the traffic is?`
        }
        const ageMs = ages.get(guard)?.ageMs
        if (outcome !== 'pass' || dataAt === undefined || ageMs === undefined) continue
        const silentMs =
          isFull && isRelative(verdict) && hasServed ? Math.min(ageMs, canaryAgeMs ?? ageMs) : ageMs
        if (silentMs > limitMs) return `${guard}: no data for ${toSeconds(silentMs)} s`
      }
      return undefined
    },
  }
}

/** A check that has not answered waits for its answer, not for a request. */
function looksItself({ kind, parts }: Verdict): boolean {
  return parts === undefined ? isProbeKind(kind) : parts.every(looksItself)
}

function isRelative({ kind, parts }: Verdict): boolean {
  return parts === undefined ? relativeKinds.has(kind) : parts.some(isRelative)
}

function toSeconds(durationMs = 0): number {
  return Math.round(durationMs / 1000)
}
