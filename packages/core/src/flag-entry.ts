import type { Answer } from './answer.ts'
import { compileFlag, type Timing } from './compile.ts'
import type { EvaluationContext } from './context.ts'
import type { Exposure, FlagDefinition } from './definition.ts'
import type { Engines } from './engine-types.ts'
import { malformed } from './failures.ts'
import { decideOutcome, type Outcome, outcomeForAll } from './outcome.ts'
import { type CompiledRules, decideRules } from './rules.ts'
import { rampShare } from './schedule.ts'
import type { Scope } from './scope.ts'
import { settingsFor } from './settings.ts'

/** A flag's data, as it was defined and as it was moved. */
export interface FlagInspection {
  readonly key: string
  readonly definition: FlagDefinition
  /** What operators laid over the definition. */
  readonly exposure: Exposure | undefined
  /** The log revision that last changed it; 0 for definitions from code or a file. */
  readonly revision: number
  /** Where the definition came from. */
  readonly origin: string
}

/**
 * One flag of a set, compiled when it is first asked. Asking it allocates nothing.
 *
 * What it is compiled to stands in the entry itself: a question then reads one object less, and a
 * set of a thousand flags is as fast as its memory.
 */
export class FlagEntry {
  #end: Outcome | undefined
  #rules: CompiledRules | undefined
  #timing: Timing | undefined
  readonly data: FlagInspection
  readonly #around: { readonly environment: string; readonly engines: Engines }

  constructor(data: FlagInspection, around: { environment: string; engines: Engines }) {
    this.data = data
    this.#around = around
  }

  decide(context: EvaluationContext, scope: Scope, now: number | undefined): Answer {
    const end = this.#end ?? this.#tryToCompile()
    const rules = this.#rules
    const timing = this.#timing
    let at = now
    if (timing !== undefined) {
      const { needs, window, disabled } = timing
      // One reading of the clock for the flag and all it depends on.
      at ??= scope.clock()
      for (const { flag, variants } of needs) {
        const { variant } = scope.decide(flag, context, at)
        if (variant === undefined || !variants.includes(variant)) return disabled
      }
      if (window && rampShare(window, at) === undefined) return disabled
    }
    const answer = rules && decideRules(rules, context, scope, at)
    // There is an answer for those outside, so that the end always has one.
    return answer ?? (decideOutcome(end, context, at) as Answer)
  }

  /** Compiles now. @throws SluiceError `engine_missing`; anything for a definition nobody parsed. */
  compile(): void {
    const { key, definition, exposure, revision } = this.data
    const { environment, engines } = this.#around
    const settings = settingsFor(key, definition, exposure, environment)
    const compiled = compileFlag({ key, definition, settings, revision, engines })
    this.#end = compiled.end
    this.#rules = compiled.rules
    this.#timing = compiled.timing
  }

  #tryToCompile(): Outcome {
    try {
      this.compile()
    } catch {
      // Only a definition that nobody parsed comes here; it stays off.
      this.#end = outcomeForAll(malformed(this.data))
    }
    return this.#end as Outcome
  }
}
