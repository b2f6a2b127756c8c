import { compileFlag } from './compile.ts'
import type { Exposure, FlagDefinition } from './definition.ts'
import type { Engines } from './engine-types.ts'
import { malformed } from './failures.ts'
import type { Decide } from './scope.ts'
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

/** One flag of a set, compiled when it is first asked. */
export class FlagEntry {
  readonly data: FlagInspection
  readonly around: { readonly environment: string; readonly engines: Engines }
  decide: Decide

  constructor(data: FlagInspection, around: FlagEntry['around']) {
    this.data = data
    this.around = around
    this.decide = (context, scope, now) => {
      try {
        this.compile()
      } catch {
        // Only a definition that nobody parsed comes here; it stays off.
        const failed = malformed(data)
        this.decide = () => failed
      }
      return this.decide(context, scope, now)
    }
  }

  /** Compiles now. @throws SluiceError `engine_missing`; anything for a definition nobody parsed. */
  compile(): void {
    const { key, definition, exposure, revision } = this.data
    const { environment, engines } = this.around
    const settings = settingsFor(key, definition, exposure, environment)
    this.decide = compileFlag({ definition, settings, revision, engines })
  }
}
