import {
  createArmCounts,
  createGuardSet,
  createProbes,
  createTicker,
  type Guard,
  type GuardCheckpoint,
  type HealthCounts,
  type MetricSource,
  type Tick,
  type Verdict,
} from '@sluice/guards'
import { type Clock, systemClock } from '@sluice/stores'

/** What one look at the canary saw. */
export interface Look {
  /** Undefined where nothing could be observed. */
  readonly verdicts: readonly Verdict[] | undefined
  /** Why nothing could be observed. */
  readonly unseen?: string
  /** Requests the canary served since the look before; undefined where that is not known. */
  readonly canaryRequests?: number
}

/** Looks at the canary and says what the guards say. One judge serves one controller. */
export interface Judge {
  /**
   * Called once a tick. A throw counts as a look that saw nothing, and so does one that takes longer
   * than ten ticks: it is given up, and its answer, should it come later, is thrown away.
   *
   * @param now Epoch milliseconds.
   */
  look(now: number, scene: Scene): Look | Promise<Look>
  /** All it has seen; absent where another judge could not go on from it. */
  checkpoint?(): GuardCheckpoint
  /** Ends what it has under way. */
  close?(): void
}

/** What a judge is to know of the rollout at the moment it looks. */
export interface Scene {
  /** The share of subjects on the canary, 0–1. */
  readonly canaryShare: number
  /** When the rollout began, epoch ms: what was declared before is not of it. */
  readonly startedAt: number
  /** How much more often the canary's subjects fail by themselves; see `Tick.calibration`. */
  readonly calibration?: number
}

/** What a judge is to judge by. */
export interface JudgeTerms {
  /** As they stand in the rollout's state; none while a rollback is only verified. */
  readonly guards: readonly Guard[]
  /** This guard process's share of the rollout's alpha; see {@link shareOfAlpha}. */
  readonly alpha: number
  /** What the guards have seen already; absent: nothing. */
  readonly from?: GuardCheckpoint
}

/** Makes the judge of one guard process. */
export type CreateJudge = (terms: JudgeTerms) => Judge

/**
 * The share of a rollout's alpha that its n-th guard process may spend: three quarters for the first,
 * alpha / (4 n (n − 1)) for the n-th.
 *
 * A process that takes up evidence laid down in order goes on with the share of the one before: together they are one. After a
 * crash what was seen since the last checkpoint is lost, and with it a chance that was spent; the next process goes on from the
 * checkpoint with a share of its own. The shares of any number of processes sum to less than alpha, so by the union
 * bound a healthy canary is still rolled back with probability at most alpha per rollout.
 *
 * @param run From 1.
 */
export function shareOfAlpha(alpha: number, run: number): number {
  return run === 1 ? 0.75 * alpha : (0.25 * alpha) / (run * (run - 1))
}

/** What a guard judge is made of, besides its terms. */
export interface GuardJudgeOptions {
  readonly source: MetricSource
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Guards with the functions that a log cannot hold: checks, gauges and readings of the same names use them. */
  readonly given?: readonly Guard[]
}

/** Clocks of processes differ by less. */
const skewMs = 2_000

/** The judge that feeds a metric source's counts, and what guards find by themselves, to the guards. */
export function createGuardJudge(
  { guards, alpha, from }: JudgeTerms,
  { source, clock = systemClock, given = [] }: GuardJudgeOptions,
): Judge {
  const terms = { alpha, ...(from === undefined ? {} : { from }) }
  const set = guards.length === 0 ? undefined : createGuardSet(guards, terms)
  const probes = createProbes(guards, { clock, given })
  let dropped: string | undefined
  const ticker = createTicker({
    onDrop: (_reason, message) => {
      dropped = message
    },
  })
  let isFirst = true
  let reads = 0
  let lastAt = Number.NEGATIVE_INFINITY

  async function readSource(): Promise<HealthCounts | { readonly error: unknown }> {
    try {
      return await source.read()
    } catch (error) {
      return { error }
    }
  }

  /** A check that fails, or a declaration, is acted on though the counts are not to be had; a pass is not. */
  function lookWithoutCounts(
    now: number,
    found: Pick<Tick, 'readings' | 'declared'>,
    error: unknown,
  ): Look {
    const none = { stable: createArmCounts(), canary: createArmCounts() }
    lastAt = Math.max(now, lastAt + 1)
    set?.observe({ at: lastAt, ...none, ...found })
    const failing = (set?.verdicts() ?? []).filter(({ outcome }) => outcome === 'fail')
    if (failing.length === 0) throw error
    return { verdicts: failing, unseen: error instanceof Error ? error.message : String(error) }
  }

  return {
    async look(now, { canaryShare, calibration, startedAt }) {
      const read = ++reads
      const readings = probes.read(now)
      const counts = await readSource()
      // Given up, and asked again since: what it says of then must not be taken for now.
      if (read !== reads) return { verdicts: undefined, unseen: 'the answer came too late' }
      if ('error' in counts) return lookWithoutCounts(now, { readings }, counts.error)
      dropped = undefined
      const { declared, ...tick } = ticker.next(counts, now)
      const found = {
        readings,
        // A clock of another process that is behind would put off a rollback: all but the long past is of now.
        ...(declared !== undefined && declared.at > startedAt - skewMs ? { declared } : {}),
      }
      lastAt = Math.max(lastAt, tick.at)
      if (dropped !== undefined) return lookWithoutCounts(now, found, new Error(dropped))
      set?.observe({ ...tick, canaryShare, ...found, ...(calibration ? { calibration } : {}) })
      const verdicts = set?.verdicts() ?? []
      if (isFirst) {
        // The first read is only where counting starts: its difference is empty, not silent.
        isFirst = false
        return { verdicts }
      }
      return { verdicts, canaryRequests: tick.canary.requests }
    },

    ...(set === undefined ? {} : { checkpoint: set.checkpoint }),
    close: probes.close,
  }
}
