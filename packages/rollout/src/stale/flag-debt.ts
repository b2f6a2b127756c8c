import type { FlagLifecycle } from '../lifecycle/lifecycle.ts'
import type { Policy } from '../policy/policy.ts'
import type { AskedFlags } from './asked-flags.ts'
import type { Place, StaleReport } from './stale-report.ts'

/**
 * Why a flag is to go. `unused_in_code` is said of a complete scan alone; where it was not complete, what is not found is
 * `perhaps_unused_in_code`.
 */
export type DebtReason =
  | 'released'
  | 'expired'
  | 'archived'
  | 'never_asked'
  | 'unused_in_code'
  | 'perhaps_unused_in_code'

/** What debt is computed from. */
export interface DebtOptions {
  readonly lifecycle: readonly FlagLifecycle[]
  /** Without it nothing is said about code. */
  readonly stale?: StaleReport
  /** Without it, or before it covers the policy's `unaskedAfterMs`, no flag is called never asked. */
  readonly asked?: AskedFlags
  readonly policy: Policy
  /** Epoch milliseconds. */
  readonly now: number
}

/** A flag that is to go. */
export interface DebtItem {
  readonly key: string
  readonly owner?: string
  readonly reasons: readonly DebtReason[]
  /** Since when it has been due, epoch ms, by the oldest of its reasons; undefined where none has a time. */
  readonly dueSince?: number
  /** How long it has been due, in days; 0 where that is unknown. */
  readonly overdueDays: number
  /** What is to be removed from code. */
  readonly places: readonly Place[]
}

/** The flags that should be gone, and what they amount to. */
export interface FlagDebt {
  /** Those that are due; the longest first. */
  readonly items: readonly DebtItem[]
  readonly count: number
  /** Of how many flags. */
  readonly flags: number
  /** The sum of the days for which each has been due. */
  readonly overdueDays: number
  /** Their mean, each weighted by its places in code (at least 1): what is woven in further weighs more. */
  readonly weightedAgeDays: number | undefined
  /** Uses of keys that nobody defines: always off, and debt of another kind. */
  readonly unknownKeys: number
}

const dayMs = 86_400_000

/** Measures flag debt (P4): the flags that are released for too long, expired, left behind, or asked by nobody. Pure. */
export function flagDebt(options: DebtOptions): FlagDebt {
  const { lifecycle, stale } = options
  const items = lifecycle
    .flatMap((life) => toItem(life, options) ?? [])
    .sort((one, other) => other.overdueDays - one.overdueDays || (one.key < other.key ? -1 : 1))
  const overdueDays = items.reduce((sum, item) => sum + item.overdueDays, 0)
  const weights = items.map(({ places }) => Math.max(1, places.length))
  const weight = weights.reduce((sum, each) => sum + each, 0)
  const weighted = items.reduce(
    (sum, item, index) => sum + item.overdueDays * (weights[index] ?? 1),
    0,
  )
  return {
    ...{ items, count: items.length, flags: lifecycle.length, overdueDays },
    weightedAgeDays: weight === 0 ? undefined : weighted / weight,
    unknownKeys: stale?.unknown.length ?? 0,
  }
}

function toItem(
  life: FlagLifecycle,
  { stale, asked, policy, now }: DebtOptions,
): DebtItem | undefined {
  const { key, owner, point, since } = life
  const reasons: DebtReason[] = []
  const dueSince: number[] = []
  const add = (reason: DebtReason, from: number | undefined) => {
    reasons.push(reason)
    if (from !== undefined) dueSince.push(from)
  }
  if (point === 'due_for_removal') add('released', since)
  if (point === 'expired') add('expired', since)
  // What the last commit about it says is that it was there, not since when it is gone.
  if (point === 'archived') add('archived', undefined)
  const unaskedSince = point === 'archived' ? undefined : findUnasked(life, asked, policy, now)
  if (unaskedSince !== undefined) add('never_asked', unaskedSince)
  if (stale?.unused.includes(key) && point !== 'archived') {
    add(stale.isComplete ? 'unused_in_code' : 'perhaps_unused_in_code', undefined)
  }
  if (reasons.length === 0) return undefined
  const oldest = dueSince.length === 0 ? undefined : Math.min(...dueSince)
  return {
    key,
    ...(owner === undefined ? {} : { owner }),
    reasons,
    ...(oldest === undefined ? {} : { dueSince: oldest }),
    overdueDays: oldest === undefined ? 0 : Math.max(0, now - oldest) / dayMs,
    places: [...(stale?.uses.get(key) ?? []), ...(stale?.mentions.get(key) ?? [])],
  }
}

/**
 * Since when a flag counts as asked by nobody; undefined while it was asked, is young or of unknown age, or nobody counted
 * for long enough.
 */
function findUnasked(
  { key, since }: FlagLifecycle,
  asked: AskedFlags | undefined,
  { flags: { unaskedAfterMs } }: Policy,
  now: number,
): number | undefined {
  if (asked === undefined) return undefined
  // A flag that was just made, or moved, is still to be asked.
  const dates = [asked.flags.get(key)?.lastAt, asked.known?.get(key), since]
  const known = dates.filter((date) => date !== undefined)
  // Made by a deploy a minute ago, for all that is known.
  if (known.length === 0) return undefined
  // What was asked before a gap in the counting may have been asked in it.
  const dueAt = Math.max(asked.since, ...known) + unaskedAfterMs
  return now >= dueAt ? dueAt : undefined
}
