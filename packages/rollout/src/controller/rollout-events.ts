import type { Exposure } from '@sluice/core'
import type { Verdict } from '@sluice/guards'
import { createEmitter, type Emitter } from '@sluice/stores'
import type { Notice } from '../transition/event.ts'
import type { RolloutState } from '../transition/state.ts'

/** A notice, and the rollout it is about. */
export interface RolloutNotice extends Notice {
  readonly flag: string
  readonly environment: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly state: RolloutState
}

/** A rollback that was decided and is not in the log yet; it is tried again at each tick. */
export interface PendingRollback {
  readonly flag: string
  readonly environment: string
  readonly because: string
  readonly detectedAt: number
  /** What kept it from being written. */
  readonly error: unknown
}

/** A brake that was engaged, or released. */
export interface BrakeNotice {
  readonly flag: string
  readonly environment: string
  /** Whether the canary is not to be served by this process, whatever stands in the log. */
  readonly isOn: boolean
  /** What is to be served meanwhile: the exposure that the rollback writes. */
  readonly exposure: Exposure
  readonly because: string
  readonly detectedAt: number
}

/** What a controller tells, and with which arguments. */
export interface RolloutEvents {
  /** A change that this process made is durable. Lost, not doubled, where the process dies first. */
  event: (notice: RolloutNotice) => void
  /** What the guards said in the latest look. */
  verdicts: (verdicts: readonly Verdict[]) => void
  /** A look that saw nothing, or only what is old, for so long that the rollout holds: why. */
  blind: (because: string) => void
  /** The state in the log is new, by whomever. */
  state: (state: RolloutState) => void
  rollback_pending: (pending: PendingRollback) => void
  /**
   * A rollback is decided: this process serves the canary to nobody from now on, though it is not in the log yet; or it is
   * in the log now, and what stands there is to be served again. Told for every rollback this process decides.
   */
  brake: (notice: BrakeNotice) => void
  /** A tick failed, or the look in it; the rollout was held. */
  error: (error: unknown) => void
}

/** Hands out events; a listener that throws stops neither the others nor the rollout. */
export interface Teller {
  on<Name extends keyof RolloutEvents>(name: Name, listener: RolloutEvents[Name]): () => void
  off<Name extends keyof RolloutEvents>(name: Name, listener: RolloutEvents[Name]): void
  tell<Name extends keyof RolloutEvents>(name: Name, arg: Parameters<RolloutEvents[Name]>[0]): void
}

/** A teller without listeners. What a listener throws is told as `error`, and keeps nobody else from hearing. */
export function createTeller(): Teller {
  const teller: Emitter<RolloutEvents> = createEmitter((_, cause) => teller.tell('error', cause))
  return teller
}
