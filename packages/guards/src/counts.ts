import { LATENCY_BUCKETS } from './latency-histogram.ts'

/** Which version served a request: the one in service, or the one on trial. */
export type ArmName = 'stable' | 'canary'

/** What one arm did: totals since the source began, or within one tick. */
export interface ArmCounts {
  requests: number
  /** At most `requests`. */
  errors: number
  /** 304 log-spaced buckets; see {@link bucketOf}. All zero when the source knows no latencies. */
  latency: Uint32Array | Float64Array
  /**
   * Errors, at most one per unit (user) and minute: a client that retries is one error, not ten. At most `errors`.
   * Undefined where the source knows no units.
   */
  failedUnits?: number
  /** Units seen for the first time since the arms' shares last changed. Undefined where the source knows no units. */
  units?: number
  /** What the application counts of its own, by name: signups, purchases. */
  series?: Readonly<Record<string, SeriesCounts>>
}

/** One of the application's own series in one arm. */
export interface SeriesCounts {
  /** How many events. */
  count: number
  /** The events' values, in buckets as latencies are: {@link bucketOf} of the value. Undefined where events have none. */
  values?: Uint32Array | Float64Array
}

/** What somebody declared of the canary, in words that ask for a rollback at once. */
export type DeclaredCondition =
  | 'critical_feature_broken'
  | 'data_corruption'
  | 'security_vulnerability'

/** The conditions of the deployment policy that roll back at once (P18). */
export const declaredConditions: readonly DeclaredCondition[] = [
  'critical_feature_broken',
  'data_corruption',
  'security_vulnerability',
]

/** A declared condition, and what is known of it. */
export interface Declaration {
  readonly condition: DeclaredCondition
  /** A line for people. */
  readonly because: string
  /** When, epoch ms: a rollout that began later is not meant. */
  readonly at: number
}

/** Both arms, cumulative since the source began: counters only ever rise. */
export interface HealthCounts {
  stable: ArmCounts
  canary: ArmCounts
  /**
   * When the source began to count, epoch ms. A source whose counters can restart at zero must say so here; without
   * it, falling counters are ignored until they pass their old height.
   */
  startedAt?: number
  /** How many processes counted: one unit may have been seen by each of them. Default 1. */
  processes?: number
  /** What was declared last; it goes on standing here. */
  declared?: Declaration
}

/** Anything that can tell the totals of both arms: a recorder, a merged fleet, a metrics server, a function. */
export interface MetricSource {
  read(): HealthCounts | Promise<HealthCounts>
}

/** What was found beside the counts by one guard's own look: a gauge, a check, a pair of numbers. */
export type Reading = {
  /** When it was found, epoch ms. */
  readonly at: number
} & (
  | { readonly value: number }
  | { readonly stable: number; readonly canary: number }
  | { readonly ok: boolean; readonly because: string }
  /** Nothing could be found, and why. */
  | { readonly unknown: string }
)

/** What both arms did between two reads. Each request stands in at most one tick. Everything a guard sees is in it. */
export interface Tick {
  /** When the later read was made, epoch ms. Rises from tick to tick. */
  at: number
  stable: ArmCounts
  canary: ArmCounts
  /** The share of units that the canary was to have, 0–1. Undefined where nobody knows it. */
  canaryShare?: number
  /**
   * How much more often than the rest the canary's own units fail without the canary, 1 or more: measured before they
   * met it. Their requests count so many times. Default 1.
   */
  calibration?: number
  /** How many processes counted. Default 1. */
  processes?: number
  /** The newest reading of each guard that looks for itself, by the guard's name. */
  readings?: Readonly<Record<string, Reading>>
  declared?: Declaration
}

/** An arm that has served nothing. */
export function createArmCounts(): ArmCounts {
  return { requests: 0, errors: 0, latency: new Float64Array(LATENCY_BUCKETS) }
}
