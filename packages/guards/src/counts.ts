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
}

/** Anything that can tell the totals of both arms: a recorder, a merged fleet, a metrics server, a function. */
export interface MetricSource {
  read(): HealthCounts | Promise<HealthCounts>
}

/** What both arms did between two reads. Each request stands in at most one tick. */
export interface Tick {
  /** When the later read was made, epoch ms. Rises from tick to tick. */
  at: number
  stable: ArmCounts
  canary: ArmCounts
}

/** An arm that has served nothing. */
export function createArmCounts(): ArmCounts {
  return { requests: 0, errors: 0, latency: new Float64Array(LATENCY_BUCKETS) }
}
