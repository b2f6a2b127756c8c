import type { Split } from '@sluice/core'

/** What steering tells, and with which arguments. */
export interface SteeringEvents {
  /** The router has these weights. */
  applied: (change: { readonly weights: Split; readonly at: number }) => void
  /** The router had others than it was given: it restarted, or someone else changed them. They are set again. */
  drift: (drift: { readonly wanted: Split; readonly found: Split; readonly at: number }) => void
  /** The router, or the log, could not be asked, or could not be done as it says. It is tried again. */
  error: (error: unknown) => void
}

/** Makes a router follow the log, until it is closed. */
export interface Steering {
  /** What the log says now; undefined while the log is not known, or says nothing that can be read. */
  readonly wanted: Split | undefined
  /** What the router is known to have; undefined where that is in doubt. */
  readonly inForce: Split | undefined
  /**
   * Resolves when the router has what the log says, by its own word where it can be read.
   *
   * @param options.timeoutMs Default 30,000.
   * @throws SluiceError `not_settled` when the time is over; `steering_closed`.
   */
  settled(options?: { readonly timeoutMs?: number }): Promise<void>
  on<Name extends keyof SteeringEvents>(name: Name, listener: SteeringEvents[Name]): () => void
  off<Name extends keyof SteeringEvents>(name: Name, listener: SteeringEvents[Name]): void
  /** Follows no more; the router stays as it is, and open. */
  close(): Promise<void>
}
