import type { ArmName } from './counts.ts'
import type { HistogramView } from './histogram-view.ts'
import { LATENCY_BUCKETS } from './latency-histogram.ts'
import { refuseCheckpoint, restoreNumber, type SavedNumber, saveNumber } from './saved-numbers.ts'

/** The latencies of both arms over the last minute, in slots of ten seconds, in constant memory. */
export interface RollingLatency {
  /**
   * Moves on to a tick's time, before the tick is added.
   *
   * @returns Whether slots were closed since the last call: then the stable arm's levels may have changed.
   */
  advance(at: number): boolean
  /** Adds an arm's latencies of one tick to the slot under way. */
  add(arm: ArmName, latencies: HistogramView): void
  /** An arm over the closed slots: what was known before the slot under way. Valid until the next call for the same arm. */
  readClosed(arm: ArmName): Float64Array
  /** An arm over the newest slots, the one under way included. Valid until the next call for the same arm. */
  readNewest(arm: ArmName, slots: number): Float64Array
  save(): SavedRolling
  /** @throws SluiceError `invalid_checkpoint`. */
  restore(saved: unknown): void
}

/** The slots as plain JSON, of each only the buckets in use: `[bucket, count, bucket, count, …]`. */
export interface SavedRolling {
  readonly origin: SavedNumber
  readonly slot: number
  readonly stable: readonly (readonly number[])[]
  readonly canary: readonly (readonly number[])[]
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
  let lowest = LATENCY_BUCKETS
  let highest = -1

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

  function add(arm: ArmName, { used, usedCount, from }: HistogramView): void {
    const into = slots[arm][slot % WINDOW_SLOTS]!
    for (let index = 0; index < usedCount; index++) {
      const bucket = used[index]!
      into[bucket]! += from[bucket]! - from[bucket + 1]!
    }
    // Used buckets stand from the top down.
    if (usedCount === 0) return
    highest = Math.max(highest, used[0]!)
    lowest = Math.min(lowest, used[usedCount - 1]!)
  }

  /** Over the buckets ever used: the others are empty. */
  function sumSlots(arm: ArmName, first: number, end: number): Float64Array {
    const sum = sums[arm].fill(0)
    for (let back = first; back < end; back++) {
      const one = slots[arm][(slot - back + back * WINDOW_SLOTS) % WINDOW_SLOTS]!
      for (let bucket = lowest; bucket <= highest; bucket++) sum[bucket]! += one[bucket]!
    }
    return sum
  }

  function save(): SavedRolling {
    return {
      origin: saveNumber(origin),
      slot,
      stable: slots.stable.map(saveSlot),
      canary: slots.canary.map(saveSlot),
    }
  }

  function restore(saved: unknown): void {
    const from = Object(saved) as Partial<SavedRolling>
    origin = restoreNumber(from.origin)
    slot = restoreNumber(from.slot)
    for (const arm of ['stable', 'canary'] as const) {
      slots[arm].forEach((into, index) => {
        restoreSlot(into, from[arm]?.[index])
        into.forEach((count, bucket) => {
          if (count === 0) return
          lowest = Math.min(lowest, bucket)
          highest = Math.max(highest, bucket)
        })
      })
    }
  }

  return {
    ...{ advance, add, save, restore },
    readClosed: (arm) => sumSlots(arm, 1, WINDOW_SLOTS),
    readNewest: (arm, count) => sumSlots(arm, 0, count),
  }
}

function saveSlot(slot: Float64Array): number[] {
  const used: number[] = []
  slot.forEach((count, bucket) => {
    if (count > 0) used.push(bucket, count)
  })
  return used
}

function restoreSlot(into: Float64Array, saved: unknown): void {
  if (!Array.isArray(saved)) throw refuseCheckpoint('a slot of latencies is missing')
  into.fill(0)
  for (let index = 0; index < saved.length; index += 2) {
    const bucket = restoreNumber(saved[index])
    if (!(bucket in into)) throw refuseCheckpoint(`there is no bucket ${bucket}`)
    into[bucket] = restoreNumber(saved[index + 1])
  }
}
