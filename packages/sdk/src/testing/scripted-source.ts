import {
  type ArmCounts,
  addLatency,
  bucketOf,
  createArmCounts,
  LATENCY_BUCKETS,
  type MetricSource,
} from '@sluice/guards'

/** What one arm served between two reads. */
export interface ScriptedArm {
  readonly requests: number
  /** At most `requests`. Default 0. */
  readonly errors?: number
  /** How long each request took, in ms. Default: durations are not known. */
  readonly durationMs?: number
}

/** What both arms served between two reads; an arm that is not named served nothing. */
export interface ScriptedRead {
  readonly stable?: ScriptedArm
  readonly canary?: ScriptedArm
}

/**
 * A metric source that says what a script says, for the controller's option `source`: the guards, and all behind them, are
 * real.
 *
 * @param script Asked at each read, with how many there were before. It says what was served since; a throw is a source
 * that cannot be reached.
 */
export function scriptedSource(script: (read: number) => ScriptedRead): MetricSource {
  const totals = { stable: createArmCounts(), canary: createArmCounts() }
  let reads = 0
  return {
    read() {
      const { stable, canary } = script(reads++)
      add(totals.stable, stable)
      add(totals.canary, canary)
      return { stable: copy(totals.stable), canary: copy(totals.canary) }
    },
  }
}

function add(total: ArmCounts, arm: ScriptedArm | undefined): void {
  if (arm === undefined) return
  const { requests, errors = 0, durationMs } = arm
  total.requests += requests
  total.errors += errors
  if (durationMs === undefined) return
  const served = new Float64Array(LATENCY_BUCKETS)
  served[bucketOf(durationMs)] = requests
  addLatency(total.latency as Float64Array, served)
}

/** What was read stays as it was. */
function copy({ requests, errors, latency }: ArmCounts): ArmCounts {
  return { requests, errors, latency: Float64Array.from(latency) }
}
