import type { AlertSeverity, GuardBase } from '../guard.ts'
import { validateProbe } from './validate-probe.ts'

/** One number of each arm, 0 or more: a conversion rate from a warehouse, a cost from a bill. */
export interface NumbersOfArms {
  readonly stable: number
  readonly canary: number
}

/**
 * Fails while the canary's number has been worse than the stable arm's for some time. Numbers without counts behind them
 * do not say how far chance moves them, so it claims no alpha and never asks for rollback.
 */
export interface CustomReadingGuard extends GuardBase {
  kind: 'custom_reading'
  consequence: 'hold' | 'warn'
  better: 'higher' | 'lower'
  /** Fails when the canary is more than this many times worse; 1–100. */
  marginRatio: number
  /** Failed, it passes again only when the canary is at most this many times worse; 1 … `marginRatio`. */
  clearRatio: number
  /** For how long, without a break, the canary must be worse. At least 0. */
  forMs: number
  /** Never in the log; a process that goes on with a rollout is given it again. */
  read?: () => NumbersOfArms | Promise<NumbersOfArms>
}

/** What may be said of a custom reading. */
export interface CustomReadingOptions {
  name: string
  better: 'higher' | 'lower'
  /** Gives both numbers. One that has not answered in 5 s has not answered. */
  read?: () => NumbersOfArms | Promise<NumbersOfArms>
  /** Default `hold`. */
  consequence?: 'hold' | 'warn'
  alert?: AlertSeverity
  /** Default 1.1. */
  marginRatio?: number
  /** Default: half of the margin: 1.05 for 1.1. */
  clearRatio?: number
  /** Default 120,000. */
  forMs?: number
}

/**
 * Fails when a number of the canary's has been more than 1.1 times worse than the stable arm's for two minutes.
 *
 * Where there are counts, `recorder.track` and `custom` say more, and may roll back.
 *
 * @throws SluiceError `invalid_guard`: a number out of range, or `rollback` asked for.
 */
export function customReading(options: CustomReadingOptions): CustomReadingGuard {
  const { marginRatio = 1.1, alert, read } = options
  return validateProbe({
    kind: 'custom_reading',
    name: options.name,
    consequence: options.consequence ?? 'hold',
    better: options.better,
    marginRatio,
    clearRatio: options.clearRatio ?? Number(((1 + marginRatio) / 2).toPrecision(6)),
    forMs: options.forMs ?? 120_000,
    ...(alert === undefined ? {} : { alert }),
    ...(read === undefined ? {} : { read }),
  })
}
