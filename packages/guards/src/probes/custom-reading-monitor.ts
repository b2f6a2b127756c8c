import type { ReadingMonitor } from '../monitor.ts'
import { sayRatio } from '../wording.ts'
import type { CustomReadingGuard } from './custom-reading-guard.ts'
import { createThresholdMonitor, type Measured } from './threshold-monitor.ts'

/** Watches how many times worse the canary's number is than the stable arm's. */
export function createCustomReadingMonitor(guard: CustomReadingGuard): ReadingMonitor {
  const { name, better, marginRatio, clearRatio } = guard

  return createThresholdMonitor(guard, {
    label: name,
    beyond: `over ${sayRatio(marginRatio)} worse than stable's`,
    within: `not over ${sayRatio(marginRatio)} worse than stable's`,
    clear: `${sayRatio(clearRatio)} or less`,
    measure(reading): Measured {
      if ('unknown' in reading) return { unknown: reading.unknown }
      const { stable, canary } = 'canary' in reading ? reading : { stable: NaN, canary: NaN }
      if (!isAmount(stable) || !isAmount(canary)) {
        return { unknown: `the numbers are ${stable} and ${canary}; two of 0 or more are compared` }
      }
      const timesWorse = better === 'lower' ? divide(canary, stable) : divide(stable, canary)
      return {
        level: timesWorse > marginRatio ? 'beyond' : timesWorse <= clearRatio ? 'clear' : 'between',
        estimate: stable === 0 ? undefined : canary / stable,
        finding: `${name} ${trim(canary)} in the canary beside ${trim(stable)}`,
      }
    },
  })
}

/** None beside none is alike; some beside none is infinitely more. */
function divide(above: number, below: number): number {
  return above === below ? 1 : above / below
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity
}

function trim(value: number): string {
  return String(Number(value.toPrecision(4)))
}
