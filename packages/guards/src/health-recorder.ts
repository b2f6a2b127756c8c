import type { ArmCounts, ArmName, HealthCounts, MetricSource } from './counts.ts'
import { bucketOf, LATENCY_BUCKETS } from './latency-histogram.ts'

/** One finished request. */
export interface Observation {
  arm: ArmName
  /** Whether it was served well; the application decides what counts as an error. */
  ok: boolean
  /** From start to end, in ms. */
  durationMs: number
}

/** Counts finished requests per arm, in constant memory (about 2.5 kB). Read it each second for per-second counts. */
export interface HealthRecorder extends MetricSource {
  /** Counts one request. */
  observe(observation: Observation): void
  /** The same without an object: allocates nothing. */
  record(arm: ArmName, ok: boolean, durationMs: number): void
  /** A copy of the totals so far. */
  read(): HealthCounts
  /** Observations refused because the arm is unknown or the duration negative or not finite. */
  readonly dropped: number
}

/** Starts counting from zero. */
export function createHealthRecorder(): HealthRecorder {
  const stable = createTotals()
  const canary = createTotals()
  let dropped = 0

  function record(arm: ArmName, ok: boolean, durationMs: number): void {
    const totals = arm === 'stable' ? stable : arm === 'canary' ? canary : undefined
    if (totals === undefined || !(durationMs >= 0 && durationMs < Infinity)) {
      dropped++
      return
    }
    totals.requests++
    if (!ok) totals.errors++
    totals.latency[bucketOf(durationMs)]!++
  }

  return {
    record,
    observe: ({ arm, ok, durationMs }) => record(arm, ok, durationMs),
    read: () => ({ stable: copyTotals(stable), canary: copyTotals(canary) }),
    get dropped() {
      return dropped
    },
  }
}

function createTotals(): ArmCounts & { latency: Uint32Array } {
  return { requests: 0, errors: 0, latency: new Uint32Array(LATENCY_BUCKETS) }
}

function copyTotals({ requests, errors, latency }: ArmCounts): ArmCounts {
  return { requests, errors, latency: latency.slice() }
}
