import { compileFlag } from './compile.ts'
import type { Exposure, FlagDefinition } from './definition.ts'
import type { Engines } from './engine-types.ts'
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
  decide: Decide

  constructor(data: FlagInspection, around: { environment: string; engines: Engines }) {
    const { key, definition, exposure, revision } = data
    this.data = data
    this.decide = (context, scope, now) => {
      const settings = settingsFor(key, definition, exposure, around.environment)
      this.decide = compileFlag({ definition, settings, revision, engines: around.engines })
      return this.decide(context, scope, now)
    }
  }
}
