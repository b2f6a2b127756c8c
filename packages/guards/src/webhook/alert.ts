import type { Signal } from '../abort-signal.ts'
/** Something that a person should know of a rollout, or the news that it is over. Plain data. */
export interface Alert {
  /** Unique: the same in every process, and for every try to deliver it. */
  readonly id: string
  /** What is wrong: `guard/<name>`, `blind`, `rollback_pending`, `rollback_overrun`, `rolled_back`, `hold_overdue`. */
  readonly condition: string
  /** `critical` pages whoever is on call; `warning` tells the team. */
  readonly severity: 'critical' | 'warning'
  readonly status: 'firing' | 'resolved'
  readonly flag: string
  readonly environment: string
  /** The rollout's id. */
  readonly rollout: string
  /** What was found, with its figures: a line for people. */
  readonly because: string
  /** What happens now by itself, or waits for a person: a line for people. */
  readonly next: string
  /** When the alert was raised, epoch ms. */
  readonly at: number
  /** When the condition began, epoch ms. */
  readonly since: number
  /** The guard's estimate: a ratio, or ms. */
  readonly value?: number
  /** How many pages of the same condition the rollout had before this one. Absent where it is the first. */
  readonly repeats?: number
  /** The log could not be written: another process may tell of the same. */
  readonly isUnrecorded?: true
}

/** How one try to deliver an alert is made. */
export interface Delivery {
  /** Aborted where the try took too long. */
  readonly signal: Signal
  /** The same at every try of the same alert: visible ASCII. */
  readonly idempotencyKey: string
}

/** Takes alerts to people. */
export interface AlertSink {
  /** Names the sink in errors. */
  readonly name: string
  /**
   * Delivers an alert, and resolves once it is.
   *
   * What it throws is tried again, no sooner than after the error's `retryAfterMs`; unless the error has
   * `isFinal: true`, for what no further try can mend.
   */
  send(alert: Alert, delivery: Delivery): Promise<void>
}
