import type { Exposure, FlagDefinition } from './definition.ts'

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
