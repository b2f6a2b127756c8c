import type { Json } from '@sluice/core'
import type { Clock, Replica } from '@sluice/stores'
import type { Order } from '../transition/event.ts'
import type { ProcedureNotice } from './event.ts'
import type { ProcedureState } from './state.ts'
import type { Recorded, Step } from './step.ts'

/** What a procedure needs of the log: a replica, or anything with these of its members. */
export type ProcedureLog = Pick<
  Replica,
  'head' | 'get' | 'revisionOf' | 'refresh' | 'commit' | 'on' | 'status'
>

/** What a procedure is made of. */
export interface ProcedureOptions {
  readonly replica: ProcedureLog
  /** Its key in the log: `procedure/<id>`. What follows the first slash is its id. */
  readonly key: string
  readonly environment: string
  /** In order. Whoever takes up a procedure must have the same names in the same order. */
  readonly steps: readonly Step[]
  /**
   * What the steps are made of, by name, such as hooks of the application that are optional. It is recorded at the start: a
   * process that lacks one of them, or the `undo` of a step, does not take the procedure up.
   */
  readonly parts?: readonly string[]
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Who the log names for what happens by itself. Default `procedure`. */
  readonly actor?: string
  /** Names this process in claims. One that keeps its name takes up its own work at once. Default: random. */
  readonly processId?: string
  /** How often `run` looks, in ms. Default 1,000. */
  readonly tickMs?: number
  /** How often the owner of a long step gives a sign of life, in ms. Each is a commit. Default 20,000. */
  readonly heartbeatMs?: number
  /** How long another process must have seen no sign of the owner until it takes over, in ms; more than `heartbeatMs`. Default 60,000. */
  readonly staleAfterMs?: number
  /**
   * What an order to go back writes in its commit, and depends on; what it throws refuses the order. Asked for `cancel`
   * and `rollBack`, again for each reading of the log; pure.
   */
  readonly beforeUndo?: (
    state: ProcedureState,
  ) => Pick<Recorded, 'changes' | 'dependsOn'> | undefined
  /** Fields that are written beside the state, for whoever reads the log. Pure. */
  readonly describe?: (state: ProcedureState) => Readonly<Record<string, Json>>
}

/** What a procedure tells. */
export interface ProcedureEvents {
  /** A change that this process made is durable. Lost, not doubled, where the process dies first. */
  event: (notice: ProcedureNotice) => void
  /** The state in the log is new, by whomever. */
  state: (state: ProcedureState) => void
  /** Something failed that is tried again, or that no longer counts. */
  error: (error: unknown) => void
}

/** Steps that are done once each, in order, whichever process does them; and undone in reverse where one fails. */
export interface Procedure {
  /** As it stands in the log; undefined where there is none, or none that can be read. */
  readonly state: ProcedureState | undefined
  /**
   * Begins it, durably; the work is done by `run` or `resume`.
   *
   * The same start again changes nothing and answers the state that stands there.
   *
   * @throws SluiceError `procedure_differs` where it was started with another input; `procedure_over` where it failed
   * or was undone, unless `again` says that a new run is wanted.
   */
  start(order: Order & { readonly input?: Json; readonly again?: boolean }): Promise<ProcedureState>
  /**
   * Works until it is over, waits, or another process works on it; answers the state then.
   *
   * @param options.takeOver Without waiting until the owner is taken to be dead: only where it is known to be.
   * @throws SluiceError `no_procedure`; `procedure_changed` where its steps are not this process's, or are made of more.
   */
  resume(options?: { readonly takeOver?: boolean }): Promise<ProcedureState>
  /**
   * Gives up what is not over, and undoes what was done.
   *
   * @throws SluiceError `no_procedure`; `procedure_over`; `procedure_changed` where nobody works on it and this process could not.
   */
  cancel(order: Order): Promise<ProcedureState>
  /**
   * Goes back, also after it succeeded, and once more where an undo failed.
   *
   * @param order.detectedAt When the trouble was seen, epoch ms. Default: now.
   * @throws SluiceError `no_procedure`; `procedure_over` where nothing is left to undo; `procedure_changed` as for `cancel`.
   */
  rollBack(order: Order & { readonly detectedAt?: number }): Promise<ProcedureState>
  /** Looks every `tickMs`, and at each change, and does what is to be done. */
  run(): void
  /** Looks no more and aborts the step under way, which another process takes up. Resolves when nothing is written any more. */
  stop(): Promise<void>
  on<Name extends keyof ProcedureEvents>(name: Name, listener: ProcedureEvents[Name]): () => void
  off<Name extends keyof ProcedureEvents>(name: Name, listener: ProcedureEvents[Name]): void
}
