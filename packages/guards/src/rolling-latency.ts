import type { Tick } from './counts.ts'
import { addLatency, LATENCY_BUCKETS } from './latency-histogram.ts'

/** The latencies of both arms over the last minute, in slots of ten seconds, in constant memory. */
export interface RollingLatency {
  /**
   * Moves on to a tick's time, before the tick is added.
   *
   * @returns Whether slots were closed since the last call: then the stable arm's levels may have changed.
   */
  advance(at: number): boolean
  /** Adds a tick to the slot under way. */
  add(tick: Tick): void
  /** The stable arm over the closed slots: what was known before the slot under way. Valid until the next call. */
  readClosedStable(): Float64Array
  /** An arm over the newest slots, the one under way included. Valid until the next call for the same arm. */
  readNewest(arm: 'stable' | 'canary', slots: number): Float64Array
}

/** Long enough for a p95 of a slow canary to mean something, short enough to forget a bad moment. */
const SLOT_MS = 10_000
const CLOSED_SLOTS = 6

/** All slots: the closed ones and the one under way. */
export const WINDOW_SLOTS = CLOSED_SLOTS + 1

/** Starts empty. */
export function createRollingLatency(): RollingLatency {
  const slots = {
    stable: Array.from({ length: WINDOW_SLOTS }, () => new Float64Array(LATENCY_BUCKETS)),
    canary: Array.from({ length: WINDOW_SLOTS }, () => new Float64Array(LATENCY_BUCKETS)),
  }
  const sums = {
    stable: new Float64Array(LATENCY_BUCKETS),
    canary: new Float64Array(LATENCY_BUCKETS),
  }
  let origin = Number.NaN
  let slot = 0

  function advance(at: number): boolean {
    if (Number.isNaN(origin)) origin = at
    const now = Math.floor((at - origin) / SLOT_MS)
    if (now <= slot) return false
    for (let passed = Math.min(now - slot, WINDOW_SLOTS); passed > 0; passed--) {
      const index = (now - passed + 1) % WINDOW_SLOTS
      slots.stable[index]!.fill(0)
      slots.canary[index]!.fill(0)
    }
    slot = now
    return true
  }

  function add(tick: Tick): void {
    addLatency(slots.stable[slot % WINDOW_SLOTS]!, tick.stable.latency)
    addLatency(slots.canary[slot % WINDOW_SLOTS]!, tick.canary.latency)
  }

  function sumSlots(arm: 'stable' | 'canary', from: number, to: number): Float64Array {
    const sum = sums[arm].fill(0)
    for (let back = from; back < to; back++) {
      addLatency(sum, slots[arm][(slot - back + back * WINDOW_SLOTS) % WINDOW_SLOTS]!)
    }
    return sum
  }

  return {
    advance,
    add,
    readClosedStable: () => sumSlots('stable', 1, WINDOW_SLOTS),
    readNewest: (arm, count) => sumSlots(arm, 0, count),
  }
}
