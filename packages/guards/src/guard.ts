import type { CompositionGuard } from './composition.ts'
import type { DeclarationGuard } from './declaration-guard.ts'
import type { ProbeGuard } from './probes/validate-probe.ts'
import type { SampleRatioGuard } from './sample-ratio-guard.ts'
import type {
  CustomGuard,
  ErrorRateGuard,
  LatencyGuard,
  MaxErrorRateGuard,
  MaxLatencyGuard,
} from './statistical-guards.ts'

/** What a failed guard asks for, strongest first. */
export type Consequence = 'rollback' | 'hold' | 'warn'

/** How urgently people are told of a failed guard: woken, or told. */
export type AlertSeverity = 'critical' | 'warning'

/** What every guard has. */
export interface GuardBase {
  /** Names the guard in verdicts; unique within a set. Default: its kind. */
  name: string
  /** The most a failure may ask for. Only statistical guards that ask for `rollback` or `hold` share the set's alpha. */
  consequence: Consequence
  /** Default: `critical` where a failure asks for rollback, else `warning`. */
  alert?: AlertSeverity
}

/** A guard is plain data: it can stand in a plan, a file or a commit. */
export type Guard =
  | ErrorRateGuard
  | LatencyGuard
  | MaxErrorRateGuard
  | MaxLatencyGuard
  | CustomGuard
  | SampleRatioGuard
  | DeclarationGuard
  | ProbeGuard
  | CompositionGuard
