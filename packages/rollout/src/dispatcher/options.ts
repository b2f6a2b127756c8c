import type { Split } from '@sluice/core'
import type { Pool } from 'undici'
import type { TrafficSplit } from '../split/create-split.ts'
import type { EjectionLimits } from './ejection.ts'
import type { TrafficEvent, TrafficOutcome } from './outcome.ts'

/** Where an arm's requests go. */
export interface ArmOrigins {
  /** Scheme, host and port of each server, as `http://10.0.0.7:8080`: at least one, none twice. */
  readonly origins: readonly string[]
}

/** How traffic is sent to arms: what the dispatcher and the proxy have in common. */
export interface TrafficOptions<Arm extends string = string> {
  /** The first arm is the one that others fall back to: `stable`. */
  readonly arms: Readonly<Record<Arm, ArmOrigins>>
  /** Percent by arm, summing to 100. Default: everything to the first arm. Not together with `split`. */
  readonly weights?: Split
  /** A split of the application's own, with the same arms, so that both choose alike. */
  readonly split?: TrafficSplit<Arm>
  /** What keys are hashed with, as in `createSplit`. Not together with `split`. */
  readonly salt?: string
  /** From [0, 1), for requests without a key. Default `Math.random`. Not together with `split`. */
  readonly random?: () => number
  /**
   * What becomes of a request whose arm has no origin left to try. `fallback` (default): it goes to the first arm, if that has
   * a weight, and still counts as an error of its own arm. `fail`: it fails as its own arm's origins fail.
   */
  readonly onDeadArm?: 'fallback' | 'fail'
  /** When origins are left out. */
  readonly ejection?: Partial<EjectionLimits>
  /** Options of undici's `Pool`, one of which is kept for each origin. */
  readonly pool?: Pool.Options
  /** Told how each request ended: for `recorder.observe`. */
  readonly onOutcome?: (outcome: TrafficOutcome) => void
  /** Told when an origin is left out, and when it is back. */
  readonly onEvent?: (event: TrafficEvent) => void
  /** Told what a callback of the application's threw; the request goes on. Default: nobody. */
  readonly report?: (error: unknown) => void
  /** A clock in ms that starts anywhere and never steps back. Default `performance.now`. */
  readonly now?: () => number
}
