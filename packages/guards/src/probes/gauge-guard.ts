import type { AlertSeverity, GuardBase } from '../guard.ts'
import { validateProbe } from './validate-probe.ts'

/**
 * What a gauge can read of the machine and the process.
 *
 * `cpu`, `memory` and `heap` are shares in use, 0–1; `disk` is the share that is free, 0–1; `event_loop_delay` is in ms;
 * the other four are in bytes a second.
 */
export type GaugeMetric =
  | 'cpu'
  | 'memory'
  | 'disk'
  | 'event_loop_delay'
  | 'heap'
  | 'disk_read'
  | 'disk_write'
  | 'network_in'
  | 'network_out'

/** Fails while a number has been beyond a threshold for some time. It claims no alpha and never asks for rollback. */
export interface GaugeGuard extends GuardBase {
  kind: 'gauge'
  consequence: 'hold' | 'warn'
  /** `custom` is a number of the application's own. */
  metric: GaugeMetric | 'custom'
  /** Who gives the number: this machine, or the function `read`. Stands in the log, where the function does not. */
  reader: 'system' | 'function'
  /** Fails over this. Exactly one of `above` and `below`. */
  above?: number
  /** Fails under this. */
  below?: number
  /** Failed, it passes again only from here on: at most `above`, at least `below`. */
  clear: number
  /** For how long, without a break, the number must be beyond the threshold. At least 0; 0 fails at once. */
  forMs: number
  /** Where the disk is looked at; of `disk` only. */
  path?: string
  /** Never in the log; a process that goes on with a rollout is given it again. */
  read?: () => number | Promise<number>
}

/** What may be said of a gauge. */
export interface GaugeOptions {
  /** Default: the metric. An application's own number needs one. */
  name?: string
  /** Default `hold`. */
  consequence?: 'hold' | 'warn'
  alert?: AlertSeverity
  /** Default `custom`, where there is a `read`. */
  metric?: GaugeMetric | 'custom'
  /** Gives the number in place of this machine. One that has not answered in 5 s has not answered. */
  read?: () => number | Promise<number>
  above?: number
  below?: number
  /** Default: an eighth of the threshold back from it: over 0.8 until 0.7, under 0.2 until 0.225. */
  clear?: number
  /** Default 120,000: the two minutes after which high CPU is no longer a moment's work. */
  forMs?: number
  /** Default: the working directory. */
  path?: string
}

/**
 * Fails when a number has been beyond a threshold for two minutes without a break: CPU over 80 %, a queue over 1,000.
 *
 * @throws SluiceError `invalid_guard`: neither or both of `above` and `below`, a number out of range, no metric and no
 * `read`, or `rollback` asked for: neighbouring readings are too alike for chance to be told from trouble.
 */
export function gauge(options: GaugeOptions): GaugeGuard {
  const { metric = options.read && 'custom', above, below, read } = options
  return validateProbe({
    kind: 'gauge',
    name: options.name ?? (metric === 'custom' ? '' : (metric as string)),
    consequence: options.consequence ?? 'hold',
    metric: metric as GaugeMetric | 'custom',
    reader: read !== undefined || metric === 'custom' ? 'function' : 'system',
    ...(above === undefined ? {} : { above }),
    ...(below === undefined ? {} : { below }),
    clear: options.clear ?? stepBack(above, below),
    forMs: options.forMs ?? 120_000,
    ...(metric === 'disk' ? { path: options.path ?? '.' } : {}),
    ...(metric !== 'disk' && options.path !== undefined ? { path: options.path } : {}),
    ...(options.alert === undefined ? {} : { alert: options.alert }),
    ...(read === undefined ? {} : { read }),
  })
}

/** An eighth back: far enough that noise around the threshold does not switch it, near enough to be reached. */
function stepBack(above: number | undefined, below: number | undefined): number {
  const threshold = above ?? below ?? Number.NaN
  const eighth = Math.abs(threshold) / 8
  return Number((above === undefined ? threshold + eighth : threshold - eighth).toPrecision(6))
}
