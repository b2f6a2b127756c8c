import type { ReadingMonitor } from '../monitor.ts'
import { sayMs, sayNumber, sayPercent } from '../wording.ts'
import type { GaugeGuard } from './gauge-guard.ts'
import { createThresholdMonitor, type Measured } from './threshold-monitor.ts'
import { metricUnits } from './validate-probe.ts'

/** Watches one number of the machine's, or of the application's own, against its threshold. */
export function createGaugeMonitor(guard: GaugeGuard): ReadingMonitor {
  const { name, metric, above, below, clear } = guard
  const isUpper = above !== undefined
  const threshold = (above ?? below) as number
  const label = metric === 'custom' ? name : labels[metric]
  const say = saysOf[metricUnits[metric]]
  const side = isUpper ? 'over' : 'under'

  return createThresholdMonitor(guard, {
    label,
    beyond: `${side} ${say(threshold)}`,
    within: `not ${side} ${say(threshold)}`,
    clear: `${say(clear)} or ${isUpper ? 'less' : 'more'}`,
    measure(reading): Measured {
      if ('unknown' in reading) return { unknown: reading.unknown }
      const value = 'value' in reading ? reading.value : undefined
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        return { unknown: `the reading is ${String(value)}, not a number` }
      }
      const isBeyond = isUpper ? value > threshold : value < threshold
      const isClear = isUpper ? value <= clear : value >= clear
      return {
        level: isBeyond ? 'beyond' : isClear ? 'clear' : 'between',
        estimate: value,
        finding: `${label} ${say(value)}`,
      }
    },
  })
}

const labels: Record<Exclude<GaugeGuard['metric'], 'custom'>, string> = {
  cpu: 'cpu',
  memory: 'memory',
  disk: 'free disk space',
  heap: 'heap',
  event_loop_delay: 'event-loop delay',
  disk_read: 'disk read',
  disk_write: 'disk written',
  network_in: 'network in',
  network_out: 'network out',
}

const saysOf: Record<(typeof metricUnits)[GaugeGuard['metric']], (value: number) => string> = {
  share: sayPercent,
  ms: sayMs,
  'bytes/s': (value) =>
    value < 100_000
      ? `${sayNumber(value)} B/s`
      : `${sayNumber(Math.floor(value / 1e6))}.${Math.floor((value % 1e6) / 1e5)} MB/s`,
  number: (value) =>
    Math.abs(value) >= 1000 && Math.abs(value) < 1e15
      ? sayNumber(value)
      : String(Number(value.toPrecision(4))),
}
