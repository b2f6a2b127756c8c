import { type ArmCounts, type HealthCounts, quantileMs } from '@sluice/guards'
import type { ArmRates, LiveRates } from './view.ts'

/** Long enough to see a rate of one a second, short enough to see it change. */
const windowMs = 10_000

/** Turns counts that only rise into rates over the last ten seconds. */
export function createLiveRates() {
  let samples: { readonly at: number; readonly counts: HealthCounts }[] = []

  return {
    /**
     * Takes in what was counted by now.
     *
     * @param at Epoch ms.
     * @param processes How many tell.
     * @returns Undefined until two samples are far enough apart to make a rate.
     */
    take(counts: HealthCounts, at: number, processes: number): LiveRates | undefined {
      samples = [...samples.filter((each) => at - each.at <= windowMs), { at, counts }]
      const first = samples[0]
      if (first === undefined || at - first.at < 500 || processes === 0) return undefined
      const seconds = (at - first.at) / 1_000
      return {
        stable: rateOf(first.counts.stable, counts.stable, seconds),
        canary: rateOf(first.counts.canary, counts.canary, seconds),
        processes,
      }
    },
  }
}

function rateOf(before: ArmCounts, now: ArmCounts, seconds: number): ArmRates {
  const requests = now.requests - before.requests
  const errors = now.errors - before.errors
  const latency = Float64Array.from(now.latency, (count, bucket) => {
    return count - (before.latency[bucket] ?? 0)
  })
  return {
    requestsPerSecond: requests / seconds,
    errorRatio: requests > 0 ? errors / requests : undefined,
    p95Ms: quantileMs(latency, 0.95),
  }
}
