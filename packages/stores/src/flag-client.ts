import type {
  Answer,
  EvaluateOptions,
  EvaluationContext,
  Explanation,
  Exposure,
  FlagDefinitions,
  FlagReaders,
  FlagSet,
  Json,
  KeyOf,
  SluiceError,
  Split,
  ValueOf,
} from '@sluice/core'
import type { Head } from './chain.ts'
import type { ReplicaStatus } from './events.ts'
import type { ChangeNote, FlagCommands } from './flag-commands.ts'
import type { FlagView } from './flag-view-contract.ts'
import type { Replica } from './replica-contract.ts'
import type { PastOptions } from './state-at.ts'
import type { Commit } from './store.ts'

/** How good a client's answers are: `bootstrap` is the definitions alone, without the log. */
export type FlagClientStatus = ReplicaStatus | 'bootstrap'

/** What a client tells, and with which arguments. */
export interface FlagClientEvents {
  /** Flags whose answers may differ from now on. */
  change: (keys: readonly string[]) => void
  status: (status: FlagClientStatus) => void
  /** The store holds another log than before, a restored backup say, and it is now followed. */
  'log.replaced': (change: { readonly from: Head; readonly to: Head }) => void
  /** Something failed and the last good state stays in service. */
  error: (error: SluiceError) => void
}

/**
 * Flags that follow a log: answers at once from memory, changes through commits.
 *
 * Every question is synchronous and answered from the last good state, whatever the store does.
 */
export interface FlagClient<D extends FlagDefinitions = FlagDefinitions>
  extends FlagReaders<D>,
    FlagCommands<KeyOf<D>> {
  readonly environment: string
  readonly status: FlagClientStatus
  /** How long ago, in milliseconds, the log was last seen to hold nothing newer; Infinity for never. */
  readonly stalenessMs: number
  /** The log's copy in this process, for what is built on it. */
  readonly replica: Replica
  /** The flags as they stand now, unmoved by what comes later. */
  snapshot(): FlagSet<D>
  /**
   * Waits until the client is live.
   *
   * @param options.timeoutMs Default 5,000.
   * @returns false where the time ran out. Never rejects.
   */
  ready(options?: { readonly timeoutMs?: number }): Promise<boolean>
  /**
   * Serves a flag in this process as if this exposure stood in the log, until `release`: what a rollback is going to
   * write, from the moment it is decided, though the store be away. It is in memory only. The SDK's rollout controller
   * does both by itself. A flag that is switched off in the log meanwhile is off.
   *
   * @throws SluiceError For what is no exposure, as the schema of exposures says it.
   */
  brake(key: KeyOf<D>, exposure: Exposure): void
  /** Serves what stands in the log again. */
  release(key: KeyOf<D>): void
  /** The commits that touched a flag, in every environment, oldest first. */
  history(key: KeyOf<D>): Promise<Commit[]>
  /**
   * The flags as the log had them at an instant, over the definitions that this process has now. An
   * evaluation of a schedule takes that instant for now.
   *
   * @param time Epoch milliseconds, or a date.
   * @throws SluiceError `compacted` where the log no longer reaches back to it, nor the archive that
   * `options` name; `invalid_time`.
   */
  at(time: number | Date, options?: PastOptions): Promise<FlagSet<D>>
  /** Listens to an event; answers a function that stops it. */
  on<Name extends keyof FlagClientEvents>(name: Name, listener: FlagClientEvents[Name]): () => void
  /** Stops following. The store stays open: whoever opened it closes it. */
  close(): Promise<void>
}

/** What a client does beside answering. */
export type ClientParts = Pick<
  FlagClient,
  'ready' | 'brake' | 'release' | 'history' | 'at' | 'on' | 'close'
> & {
  readonly view: FlagView
  readonly replica: Replica
  readonly commands: FlagCommands
  readonly status: () => FlagClientStatus
}

/** The client's face: a class, so that asking a flag stays one monomorphic call away. */
export class LiveFlagClient implements FlagClient {
  readonly replica: Replica
  readonly #parts: ClientParts
  #current: FlagSet

  constructor(parts: ClientParts) {
    this.replica = parts.replica
    this.#parts = parts
    this.#current = parts.view.current
  }

  /** Takes the view's flag set into service. */
  swap(): void {
    this.#current = this.#parts.view.current
  }

  get environment(): string {
    return this.#current.environment
  }

  get status(): FlagClientStatus {
    return this.#parts.status()
  }

  get stalenessMs(): number {
    return this.replica.stalenessMs
  }

  isEnabled(key: string, context?: EvaluationContext): boolean {
    return this.#current.isEnabled(key, context)
  }

  boolean(key: string, context: EvaluationContext, fallback: boolean): boolean {
    return this.#current.boolean(key, context, fallback)
  }

  string(key: string, context: EvaluationContext, fallback: string): string {
    return this.#current.string(key, context, fallback)
  }

  number(key: string, context: EvaluationContext, fallback: number): number {
    return this.#current.number(key, context, fallback)
  }

  object<T extends Json>(key: string, context: EvaluationContext, fallback: T): Json | T {
    return this.#current.object(key, context, fallback)
  }

  evaluate(
    key: string,
    context?: EvaluationContext,
    options?: EvaluateOptions,
  ): Answer<ValueOf<FlagDefinitions[string]> | undefined> {
    return this.#current.evaluate(key, context, options)
  }

  evaluateAll(context?: EvaluationContext, options?: EvaluateOptions): Answer[] {
    return this.#current.evaluateAll(context, options)
  }

  explain(key: string, context?: EvaluationContext, options?: EvaluateOptions): Explanation {
    return this.#current.explain(key, context, options)
  }

  snapshot(): FlagSet {
    return this.#current
  }

  ready(options?: { readonly timeoutMs?: number }): Promise<boolean> {
    return this.#parts.ready(options)
  }

  brake(key: string, exposure: Exposure): void {
    this.#parts.brake(key, exposure)
  }

  release(key: string): void {
    this.#parts.release(key)
  }

  setRollout(key: string, percent: number, note: ChangeNote): Promise<Commit> {
    return this.#parts.commands.setRollout(key, percent, note)
  }

  setSplit(key: string, split: Split, note: ChangeNote): Promise<Commit> {
    return this.#parts.commands.setSplit(key, split, note)
  }

  enable(key: string, note: ChangeNote): Promise<Commit> {
    return this.#parts.commands.enable(key, note)
  }

  disable(key: string, note: ChangeNote): Promise<Commit> {
    return this.#parts.commands.disable(key, note)
  }

  history(key: string): Promise<Commit[]> {
    return this.#parts.history(key)
  }

  at(time: number | Date, options?: PastOptions): Promise<FlagSet> {
    return this.#parts.at(time, options)
  }

  on<Name extends keyof FlagClientEvents>(
    name: Name,
    listener: FlagClientEvents[Name],
  ): () => void {
    return this.#parts.on(name, listener)
  }

  close(): Promise<void> {
    return this.#parts.close()
  }
}
