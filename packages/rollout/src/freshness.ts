import type { Verdict } from '@sluice/guards'
import { isOpen, type RolloutState, stagePercent } from './state.ts'

/** Guards that compare with a stable arm have no new data once the canary has every request. */
const relativeKinds: ReadonlySet<string> = new Set(['error_rate', 'latency'])

/**
 * Finds a pass that rests on data too old to vouch for the canary as it is now.
 *
 * @param seen.canaryAt When a canary request was last seen: at 100 percent it stands in for the data
 * of guards that compare with the stable arm.
 * @returns A line that names the guard; undefined where every pass is fresh.
 */
export function findSilence(
  verdicts: readonly Verdict[],
  state: RolloutState,
  { canaryAt, now }: { canaryAt: number | undefined; now: number },
): string | undefined {
  if (!isOpen(state)) return undefined
  const isFull = stagePercent(state.plan, state.stage) === 100
  const monitorMs = state.plan.stages[state.stage]?.monitorMs ?? 0
  // No stage is passed on data from before it, however short it is.
  const limitMs = Math.min(state.plan.silenceLimitMs, monitorMs)
  for (const { guard, kind, outcome, consequence, dataAt } of verdicts) {
    if (outcome !== 'pass' || consequence === 'warn') continue
    const freshAt = isFull && relativeKinds.has(kind) ? latest(dataAt, canaryAt) : dataAt
    if (freshAt === undefined) continue
    const silentMs = now - freshAt
    if (silentMs > limitMs) {
      return `${guard}: no data for ${Math.round(silentMs / 1000)} s`
    }
  }
  return undefined
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.max(one, other)
}
