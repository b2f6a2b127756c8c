import {
  all,
  any,
  bucketOf,
  createArmCounts,
  custom,
  declaration,
  errorRate,
  type Guard,
  latency,
  maxErrorRate,
  maxLatency,
  sampleRatio,
  type Tick,
} from './index.ts'

/** One of every kind that judges by ticks alone. */
export const everyGuard: readonly Guard[] = [
  errorRate(),
  latency(),
  latency({ name: 'mean', statistic: 'mean' }),
  maxErrorRate({ ratio: 0.1 }),
  maxLatency({ ms: 5000 }),
  custom({ series: 'signup', better: 'higher' }),
  custom({ name: 'basket', series: 'purchase', of: 'value', better: 'higher' }),
  sampleRatio(),
  declaration(),
  all([errorRate({ name: 'a' }), maxErrorRate({ name: 'b', ratio: 0.2 })]),
  any([errorRate({ name: 'c' }), maxLatency({ name: 'd', ms: 1000 })]),
]

/** What a second of traffic holds. */
export interface Second {
  canary?: number
  stable?: number
  canaryErrors?: number
  stableErrors?: number
  /** How many times as long the canary takes. */
  slowdown?: number
  canarySignups?: number
  stableSignups?: number
  canaryUnits?: number
  stableUnits?: number
}

/** A tick of one second: 20 canary and 380 stable requests of 50 … 400 ms, one in twenty signs up. */
export function tickOf(at: number, second: Second = {}): Tick {
  const { canary = 20, stable = 380, slowdown = 1 } = second
  return {
    at,
    canaryShare: 0.05,
    canary: arm(canary, second.canaryErrors ?? 0, slowdown, second.canarySignups ?? canary / 20, {
      units: second.canaryUnits ?? 1,
    }),
    stable: arm(stable, second.stableErrors ?? 0, 1, second.stableSignups ?? stable / 20, {
      units: second.stableUnits ?? 19,
    }),
  }
}

function arm(
  requests: number,
  errors: number,
  slowdown: number,
  signups: number,
  { units }: { units: number },
): Tick['stable'] {
  const counts = { ...createArmCounts(), requests, errors, units }
  const values = createArmCounts().latency
  for (let request = 0; request < requests; request++) {
    counts.latency[bucketOf(slowdown * 50 * 8 ** ((request % 20) / 20))]! += 1
    values[bucketOf(20 + (request % 7))]! += 1
  }
  return {
    ...counts,
    series: { signup: { count: signups }, purchase: { count: requests, values } },
  }
}
