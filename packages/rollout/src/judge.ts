import {
  createGuardSet,
  createTicker,
  type Guard,
  type MetricSource,
  type Verdict,
} from '@sluice/guards'

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
  look(now: number): Look | Promise<Look>
}

/** What a judge is to judge by. */
export interface JudgeTerms {
  /** As they stand in the rollout's state; none while a rollback is only verified. */
  readonly guards: readonly Guard[]
  /** This guard process's share of the rollout's alpha; see {@link shareOfAlpha}. */
  readonly alpha: number
}

/** Makes the judge of one guard process. Its evidence starts empty. */
export type CreateJudge = (terms: JudgeTerms) => Judge

/**
 * The share of a rollout's alpha that its n-th guard process may spend: alpha / (n (n + 1)).
 *
 * Evidence lives in the process that gathered it, so a restart begins anew with a test of its own.
 * The shares of any number of processes sum to less than alpha, so that by the union bound a
 * healthy canary is still rolled back with probability at most alpha per rollout. The first
 * process has half of it, the tenth one 110th: a test at 1/110 needs twice the evidence.
 *
 * @param run From 1.
 */
export function shareOfAlpha(alpha: number, run: number): number {
  return alpha / (run * (run + 1))
}

/** The judge that feeds a metric source's counts to the guards. */
export function createGuardJudge(source: MetricSource, { guards, alpha }: JudgeTerms): Judge {
  const set = guards.length === 0 ? undefined : createGuardSet(guards, { alpha })
  let dropped: string | undefined
  const ticker = createTicker({
    onDrop: (_reason, message) => {
      dropped = message
    },
  })
  let isFirst = true
  let reads = 0

  return {
    async look(now) {
      const read = ++reads
      const counts = await source.read()
      // Given up, and asked again since: what it says of then must not be taken for now.
      if (read !== reads) return { verdicts: undefined, unseen: 'the answer came too late' }
      dropped = undefined
      const tick = ticker.next(counts, now)
      if (dropped !== undefined) return { verdicts: undefined, unseen: dropped }
      set?.observe(tick)
      const verdicts = set?.verdicts() ?? []
      if (isFirst) {
        // The first read is only where counting starts: its difference is empty, not silent.
        isFirst = false
        return { verdicts }
      }
      return { verdicts, canaryRequests: tick.canary.requests }
    },
  }
}
