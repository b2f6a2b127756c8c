import type { Answer } from './answer.ts'
import { compileFlag, type Timing } from './compile.ts'
import type { EvaluationContext } from './context.ts'
import type { Engines } from './engine-types.ts'
import { malformed } from './failures.ts'
import type { FlagInspection } from './inspection.ts'
import { decideOutcome, type Outcome } from './outcome.ts'
import { type CompiledRule, decideRules } from './rules.ts'
import { rampShare } from './schedule.ts'
import type { Scope } from './scope.ts'
import { settingsFor } from './settings.ts'

/** What all flags of a set share. */
export interface FlagSurroundings {
  readonly environment: string
  readonly engines: Engines
  /** Epoch milliseconds; read only for flags whose answer depends on it. */
  readonly clock: () => number
}

/**
 * One flag of a set, compiled when it is first asked. Asking it allocates nothing.
 *
 * What it is compiled to stands in the entry itself: a question then reads one object less, and a
 * set of a thousand flags is as fast as its memory.
 */
export class FlagEntry {
  /** The answer, where every context gets the same. */
  #fixed: Answer | undefined
  #end: Outcome | undefined
  #rules: readonly CompiledRule[] | undefined
  #timing: Timing | undefined
  readonly data: FlagInspection
  readonly #around: FlagSurroundings

  constructor(data: FlagInspection, around: FlagSurroundings) {
    this.data = data
    this.#around = around
  }

  decide(context: EvaluationContext, scope: Scope, now: number | undefined): Answer {
    // Compared, not tested: to test an object is to read it, and there are a thousand.
    if (this.#end === undefined && this.#fixed === undefined) this.#tryToCompile()
    if (this.#fixed !== undefined) return this.#fixed
    return this.#timing === undefined
      ? this.#decideOpen(context, scope, now)
      : this.#decideTimed(context, scope, now)
  }

  /** Apart, and so are a few below: what V8 is to inline must be small. */
  #decideTimed(context: EvaluationContext, scope: Scope, now: number | undefined): Answer {
    const { needs, window, disabled } = this.#timing as Timing
    // One reading of the clock for the flag and all it depends on.
    const at = now ?? this.#around.clock()
    for (const { flag, variants } of needs) {
      const { variant } = scope.decide(flag, context, at)
      if (!variants.includes(variant as string)) return disabled
    }
    if (window && rampShare(window, at) === undefined) return disabled
    return this.#decideOpen(context, scope, at)
  }

  #decideOpen(context: EvaluationContext, scope: Scope, now: number | undefined): Answer {
    return (
      decideRules(this.#rules as readonly CompiledRule[], context, scope, now) ??
      // There is an answer for those outside, so that the end always has one.
      (decideOutcome(this.#end as Outcome, context, now) as Answer)
    )
  }

  /** Compiles now. @throws SluiceError `engine_missing`; anything for a definition nobody parsed. */
  compile(): void {
    const { key, definition, exposure } = this.data
    const { environment, engines } = this.#around
    const settings = settingsFor(key, definition, exposure, environment)
    const { fixed, rules, end, timing } = compileFlag(this.data, settings, engines)
    this.#fixed = fixed
    this.#rules = rules
    this.#end = end
    this.#timing = timing
  }

  #tryToCompile(): void {
    try {
      this.compile()
    } catch {
      // Only a definition that nobody parsed comes here; it stays off.
      this.#fixed = malformed(this.data)
    }
  }
}
