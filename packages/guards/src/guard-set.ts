import type { ArmCounts, Tick } from './counts.ts'
import { SluiceError } from './error.ts'
import { createErrorRateMonitor } from './error-rate-monitor.ts'
import type { Guard } from './guard.ts'
import { LATENCY_BUCKETS } from './latency-histogram.ts'
import { createLatencyMonitor } from './latency-monitor.ts'
import { createLimitMonitor } from './limit-monitor.ts'
import type { Monitor } from './monitor.ts'
import { validateGuard } from './validate-guard.ts'
import type { Verdict } from './verdict.ts'

/** The guards of one rollout at work, from its first stage to its last: there is no reset, because alpha is spent once. */
export interface GuardSet {
  /** Takes in a tick. One with counts that are not counts, or not later than the last, is dropped whole and counted. */
  observe(tick: Tick): void
  /** One verdict per guard, in the order given. */
  verdicts(): Verdict[]
  /** Ticks dropped. */
  readonly dropped: number
}

/** What a {@link GuardSet} promises. */
export interface GuardSetOptions {
  /** The chance that a healthy canary is ever failed by `rollback` or `hold` guards together. Default 0.01. */
  alpha?: number
}

/**
 * Sets guards to work on a rollout that begins now.
 *
 * Alpha is split evenly over the guards that may roll back or hold; a guard that only warns has the whole alpha for itself.
 *
 * @throws SluiceError `invalid_guard`, `duplicate_guard` when two guards have one name, `invalid_alpha`.
 */
export function createGuardSet(guards: readonly Guard[], options: GuardSetOptions = {}): GuardSet {
  const alpha = options.alpha ?? 0.01
  if (!(alpha > 0 && alpha <= 0.5)) {
    throw new SluiceError('invalid_alpha', `alpha must be above 0 and at most 0.5; found ${alpha}.`)
  }
  const names = new Set<string>()
  for (const guard of guards) {
    validateGuard(guard)
    if (names.has(guard.name)) {
      throw new SluiceError(
        'duplicate_guard',
        `Two guards are named "${guard.name}"; give each a name of its own.`,
      )
    }
    names.add(guard.name)
  }
  const sharing = guards.filter((guard) => guard.consequence !== 'warn').length
  const monitors = guards.map((guard) =>
    createMonitor(guard, guard.consequence === 'warn' ? alpha : alpha / sharing),
  )
  // Error guards never look at the 608 buckets, so they need not pay for checking them.
  const readsLatency = guards.some(({ kind }) => kind === 'latency' || kind === 'max_latency')
  let lastAt = -Infinity
  let dropped = 0

  function isSound({ stable, canary }: Tick): boolean {
    if (!hasSoundCounts(stable) || !hasSoundCounts(canary)) return false
    return !readsLatency || (hasSoundLatency(stable) && hasSoundLatency(canary))
  }

  return {
    observe(tick) {
      if (!(tick.at > lastAt && tick.at < Infinity) || !isSound(tick)) {
        dropped++
        return
      }
      lastAt = tick.at
      for (let index = 0; index < monitors.length; index++) monitors[index]!.observe(tick)
    },
    verdicts: () => monitors.map((monitor) => monitor.judge()),
    get dropped() {
      return dropped
    },
  }
}

/** The verdicts after a recorded series of ticks: the same ones that the live set gave. */
export function replay(
  ticks: Iterable<Tick>,
  guards: readonly Guard[],
  options: GuardSetOptions = {},
): Verdict[] {
  const set = createGuardSet(guards, options)
  for (const tick of ticks) set.observe(tick)
  return set.verdicts()
}

function createMonitor(guard: Guard, alpha: number): Monitor {
  switch (guard.kind) {
    case 'error_rate':
      return createErrorRateMonitor(guard, alpha)
    case 'latency':
      return createLatencyMonitor(guard, alpha)
    case 'max_error_rate':
    case 'max_latency':
      return createLimitMonitor(guard, alpha)
  }
}

function hasSoundCounts({ requests, errors }: ArmCounts): boolean {
  return errors >= 0 && requests >= errors && requests <= Number.MAX_SAFE_INTEGER
}

function hasSoundLatency({ latency }: ArmCounts): boolean {
  if (latency.length !== LATENCY_BUCKETS) return false
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const count = latency[bucket]!
    if (!(count >= 0 && count <= Number.MAX_SAFE_INTEGER)) return false
  }
  return true
}
