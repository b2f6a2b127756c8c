import { createArmCounts, type Reading, type Tick } from '../index.ts'

/** The first of January 2026, epoch ms. */
export const start = Date.UTC(2026, 0, 1)

/** A tick `seconds` after the start, with a reading that is as old as the tick, if not told otherwise. */
export function toTick(seconds: number, name: string, found?: object, ageMs = 0): Tick {
  const at = start + seconds * 1000
  return {
    at,
    stable: createArmCounts(),
    canary: createArmCounts(),
    ...(found === undefined
      ? {}
      : { readings: { [name]: { at: at - ageMs, ...found } as Reading } }),
  }
}
