import type {
  Answer,
  EvaluateOptions,
  EvaluationContext,
  Explanation,
  FlagDefinitions,
  FlagReaders,
  FlagSet,
  Json,
  KeyOf,
  ValueOf,
} from '@sluice/core'
import type { HealthRecorder } from '@sluice/guards'
import { type AnswerSheet, type AnswerSheetOptions, answerSheet } from './answer-sheet.ts'
import type { AnswerTaps } from './answer-taps.ts'
import { valueOr } from './answer-value.ts'
import { type FlagValues, flagValues, type ShownFlags } from './flag-values.ts'
import { type Branches, runGuarded } from './guarded.ts'
import type { Flags } from './open-flags.ts'

/**
 * Flags as one request sees them: for one context, at one revision of the log, at one instant. Whatever moves
 * meanwhile, the same question has the same answer. The context is held as it stands: do not change it.
 */
export interface ScopedFlags<D extends FlagDefinitions = FlagDefinitions> {
  /** The client it came of. */
  readonly client: Flags<D>
  readonly context: EvaluationContext
  /** When it was made, epoch ms: the now of its schedules. */
  readonly now: number
  readonly environment: string
  /** The log's revision it stands at; 0 without a log. */
  readonly revision: number
  isEnabled(key: KeyFor<D, 'isEnabled'>): boolean
  boolean(key: KeyFor<D, 'boolean'>, fallback: boolean): boolean
  string(key: KeyFor<D, 'string'>, fallback: string): string
  number(key: KeyFor<D, 'number'>, fallback: number): number
  object<T extends Json>(key: KeyFor<D, 'object'>, fallback: T): Json | T
  evaluate<K extends KeyOf<D>>(key: K): Answer<ValueOf<D[K]> | undefined>
  explain(key: KeyOf<D>): Explanation
  /** {@link Flags.guarded}, by the answer that the request sees. */
  guarded<On, Off>(key: KeyOf<D>, branches: Branches<On, Off>): On | Off
  /** {@link Flags.all} for this request. */
  all(): FlagValues<D>
  all(shown: ShownFlags<D>): Partial<FlagValues<D>>
  /** {@link Flags.answerSheet} for this request. */
  answerSheet(shown: ShownFlags<D>): AnswerSheet
  /** The same flags at the same instant for somebody else: the organisation of the user, say. */
  withContext(context: EvaluationContext): ScopedFlags<D>
  /** The flags it answers from. */
  snapshot(): FlagSet<D>
}

/** The keys that a reader of the client takes. */
type KeyFor<D extends FlagDefinitions, Reader extends keyof FlagReaders> = Parameters<
  FlagReaders<D>[Reader]
>[0] &
  string

/** What scopes of one client share. */
export interface ScopeSource {
  readonly client: Flags
  /** Told of each single question's answer. */
  readonly tell: AnswerTaps['tell']
  recorder(key: string): HealthRecorder
}

/** A class, so that a scope is one small object. It is handed to the flag set as the evaluation's options. */
export class RequestScope implements ScopedFlags, EvaluateOptions {
  readonly context: EvaluationContext
  readonly now: number
  readonly #source: ScopeSource
  readonly #set: FlagSet

  constructor(source: ScopeSource, set: FlagSet, context: EvaluationContext, now: number) {
    this.#source = source
    this.#set = set
    this.context = context
    this.now = now
  }

  get client(): Flags {
    return this.#source.client
  }

  get environment(): string {
    return this.#set.environment
  }

  get revision(): number {
    return this.#set.revision
  }

  isEnabled(key: string): boolean {
    return this.evaluate(key).value === true
  }

  boolean(key: string, fallback: boolean): boolean {
    return valueOr(this.evaluate(key), 'boolean', fallback)
  }

  string(key: string, fallback: string): string {
    return valueOr(this.evaluate(key), 'string', fallback)
  }

  number(key: string, fallback: number): number {
    return valueOr(this.evaluate(key), 'number', fallback)
  }

  object<T extends Json>(key: string, fallback: T): Json | T {
    return valueOr<Json | T>(this.evaluate(key), 'object', fallback)
  }

  evaluate(key: string): Answer<ValueOf<FlagDefinitions[string]> | undefined> {
    const answer = this.#set.evaluate(key, this.context, this)
    this.#source.tell(answer, this.context)
    return answer
  }

  explain(key: string): Explanation {
    return this.#set.explain(key, this.context, this)
  }

  guarded<On, Off>(key: string, branches: Branches<On, Off>): On | Off {
    return runGuarded(this.evaluate(key), this.context, branches, this.#source.recorder(key))
  }

  all(shown: AnswerSheetOptions = {}): FlagValues {
    return flagValues(this.#set, this.context, { ...shown, now: this.now })
  }

  answerSheet(shown: ShownFlags): AnswerSheet {
    return answerSheet(this.#set, this.context, { ...shown, now: this.now })
  }

  withContext(context: EvaluationContext): ScopedFlags {
    return new RequestScope(this.#source, this.#set, context, this.now)
  }

  snapshot(): FlagSet {
    return this.#set
  }
}
