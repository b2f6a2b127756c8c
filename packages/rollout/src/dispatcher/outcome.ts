/** How a request ended. */
export interface TrafficOutcome {
  /** The arm it was meant for. */
  readonly arm: string
  /** The arm that was asked last: another one where `arm` was dead. */
  readonly servedBy: string
  /** The origin that was asked last. */
  readonly origin: string
  /**
   * Whether its own arm served it: with a status below 500, to the last byte. A request that its caller gave up counts by
   * its status once it began, and else as an error.
   */
  readonly ok: boolean
  /** From when it was sent until its end, in ms. */
  readonly durationMs: number
  /** Undefined where no response began. */
  readonly statusCode: number | undefined
  readonly key: string | undefined
  /** How many origins were tried in vain before. */
  readonly retries: number
  /** Whether its caller gave it up. */
  readonly isAborted: boolean
}

/** What became of an origin. */
export interface TrafficEvent {
  readonly name: 'ejected' | 'returned'
  readonly arm: string
  readonly origin: string
}
