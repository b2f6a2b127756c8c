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
import { toReason } from '../transition/reason.ts'

/** What one look at the canary saw. */
export interface Look {
  /** Undefined where nothing could be observed. */
  readonly verdicts: readonly Verdict[] | undefined
  /** Why nothing could be observed. Of verdicts beside it only those that failed are acted on. */
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
  /** The share of subjects on the canary, 0–1; 0 where nobody knows it. */
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

/** A process tells the others each second what it counted, and they look each second; another for the way. */
const handoverMs = 3_000

function none(): Pick<Tick, 'stable' | 'canary'> {
  return { stable: createArmCounts(), canary: createArmCounts() }
}

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
  const begunFrom = from === undefined ? Number.NEGATIVE_INFINITY : Number(from.at)
  let lastAt = begunFrom
  /** The first look, by this process's clock. */
  let begunAt: number | undefined
  /** By how much the clock of whoever took the evidence was ahead: it cannot be gone on with in its past. */
  let aheadMs = 0

  async function readSource(): Promise<HealthCounts | { readonly error: unknown }> {
    try {
      return await source.read()
    } catch (error) {
      return { error }
    }
  }

  /** A check that fails, or a declaration, is acted on though the counts are not to be had; a pass is not. */
  function lookWithoutCounts(
    at: number,
    found: Pick<Tick, 'readings' | 'declared'>,
    error: unknown,
  ): Look {
    take({ at, ...none(), ...found })
    const failing = (set?.verdicts() ?? []).filter(({ outcome }) => outcome === 'fail')
    if (failing.length === 0) throw error
    return { verdicts: failing, unseen: toReason(error) }
  }

  /** @returns False where the guards could not take it in: then they have seen nothing, and must not seem to have. */
  function take(tick: Tick): boolean {
    if (set === undefined) return true
    const before = set.dropped
    lastAt = Math.max(tick.at, lastAt + 1)
    set.observe({ ...tick, at: lastAt })
    return set.dropped === before
  }

  /**
   * Whether what is counted now may be in the evidence already: whoever laid it down had counted some requests that its
   * process told the others of a moment later.
   */
  function isHandedOver(now: number): boolean {
    // A clock that was set back shows no time in which nothing was told.
    return from !== undefined && Math.abs(now - (begunAt ?? now)) < handoverMs
  }

  function begin(now: number): number {
    if (begunFrom >= now) aheadMs = begunFrom + 1 - now
    return now
  }

  function readProbes(now: number): NonNullable<Tick['readings']> {
    const readings = probes.read(now)
    if (aheadMs === 0) return readings
    return Object.fromEntries(
      Object.entries(readings).map(([name, each]) => [name, { ...each, at: each.at + aheadMs }]),
    )
  }

  return {
    async look(now, { canaryShare, calibration, startedAt }) {
      begunAt ??= begin(now)
      const read = ++reads
      const at = now + aheadMs
      const readings = readProbes(now)
      const counts = await readSource()
      // Given up, and asked again since: what it says of then must not be taken for now.
      if (read !== reads) return { verdicts: undefined, unseen: 'the answer came too late' }
      if ('error' in counts) return lookWithoutCounts(at, { readings }, counts.error)
      dropped = undefined
      const { declared, ...tick } = ticker.next(counts, at)
      const found = {
        readings,
        // A clock of another process that is behind would put off a rollback: all but the long past is of now.
        // No rollout begins after it is looked at: a start in the future was stamped by a clock that was ahead.
        ...(declared !== undefined && declared.at > Math.min(startedAt, begunAt) - skewMs
          ? { declared }
          : {}),
      }
      if (dropped !== undefined) return lookWithoutCounts(at, found, new Error(dropped))
      const scene = { canaryShare, ...(calibration === undefined ? {} : { calibration }) }
      if (!take({ ...tick, ...(isHandedOver(now) ? none() : {}), ...scene, ...found })) {
        return lookWithoutCounts(at, found, new Error('the counts cannot be so'))
      }
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
