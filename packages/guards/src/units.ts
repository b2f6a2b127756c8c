import type { SteadyClock } from './steady-clock.ts'

/** Within this time a unit's further errors are the same trouble: a minute, as a person would retry it. */
const FAILED_AGAIN_MS = 60_000

/** One bit for each of 131,072 kinds of hash: 16 kB. */
const SEEN_BITS = 1 << 17

/** 1,024 sets of four: units that fail within one minute and are told apart. */
const FAILED_SETS = 1 << 10
const WAYS = 4

/**
 * A unit's name as 32 bits: FNV-1a over its UTF-16 code units, with MurmurHash3's finalizer.
 *
 * Two names share a hash once in 4.3 thousand million pairs. It is no secret: who may choose names can make two that do.
 */
export function hashUnit(unit: string): number {
  let hash = 0x811c9dc5 | 0
  for (let index = 0; index < unit.length; index++) {
    hash = Math.imul(hash ^ unit.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** Tells units seen for the first time from the others, in 16 kB. */
export interface SeenUnits {
  /**
   * Whether the unit is new; from now on it is not.
   *
   * A unit may pass for one seen before, the likelier the more have been: after n units, 1 − exp(−n / 131,072). Whose arm
   * it is makes no difference to that, so the arms' shares among new units stay true however full it is.
   *
   * @param hash {@link hashUnit} of its name.
   */
  add(hash: number): boolean
  /** Every unit is new again. */
  clear(): void
}

/** Creates a memory of units that has seen none. */
export function createSeenUnits(): SeenUnits {
  const bits = new Int32Array(SEEN_BITS >>> 5)
  return {
    add(hash) {
      const word = (hash & (SEEN_BITS - 1)) >>> 5
      const bit = 1 << (hash & 31)
      if ((bits[word]! & bit) !== 0) return false
      bits[word]! |= bit
      return true
    },
    clear: () => void bits.fill(0),
  }
}

/** Tells a unit's first error within a minute from the further ones, in 48 kB. */
export interface FailedUnits {
  /**
   * Whether the error is to be counted: the unit has none counted in the 60 s before.
   *
   * Of more than four units of one set, the one counted longest ago is forgotten, and its next error counts again.
   *
   * @param hash {@link hashUnit} of its name, and of anything else it is told apart by.
   */
  add(hash: number): boolean
}

/**
 * Creates a memory of units of which none has failed.
 *
 * @param clock In ms; it never steps back.
 */
export function createFailedUnits(clock: SteadyClock): FailedUnits {
  const hashes = new Int32Array(FAILED_SETS * WAYS)
  const countedAt = new Float64Array(FAILED_SETS * WAYS).fill(Number.NEGATIVE_INFINITY)
  return {
    add(hash) {
      const now = clock.now()
      const first = (hash & (FAILED_SETS - 1)) * WAYS
      let oldest = first
      for (let slot = first; slot < first + WAYS; slot++) {
        if (hashes[slot] === hash && now - countedAt[slot]! < FAILED_AGAIN_MS) return false
        if (countedAt[slot]! < countedAt[oldest]!) oldest = slot
      }
      hashes[oldest] = hash
      countedAt[oldest] = now
      return true
    },
  }
}
