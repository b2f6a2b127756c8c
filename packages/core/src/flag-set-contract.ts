import type {
  Condition,
  Exposure,
  Exposures,
  FlagDefinition,
  FlagDefinitions,
  SegmentDefinitions,
} from './definition.ts'
import type { Engines } from './engine-types.ts'
import type { ExplainFlag } from './explanation.ts'
import type { FlagInspection } from './inspection.ts'
import type { FlagReaders } from './readers.ts'

/** How a flag set is made. */
export interface FlagSetOptions {
  /** The environment whose settings apply. Default `development`. */
  readonly environment?: string
  readonly segments?: SegmentDefinitions
  /** Laid over the definitions: what operators moved. */
  readonly exposures?: Exposures
  /** What heavy operators need; a definition that needs an absent one is refused here. */
  readonly engines?: Engines
  /** What walks through a definition for `explain`; without it an explanation has no steps. */
  readonly explainer?: ExplainFlag
  /** Where the definitions came from, for explanations. Default `code`. */
  readonly origin?: string
  /** Epoch milliseconds, for schedules. Default the machine's clock. */
  readonly clock?: () => number
}

/** What changes between one flag set and the next; null removes. */
export interface FlagSetChanges {
  readonly flags?: { readonly [key: string]: FlagDefinition | null }
  readonly exposures?: { readonly [key: string]: Exposure | null }
  readonly segments?: { readonly [key: string]: Condition | null }
  /** The log revision the new set stands at; answers of changed flags carry it. */
  readonly revision?: number
  /** The log revisions that changed single flags, where they differ from `revision`. */
  readonly revisions?: { readonly [key: string]: number }
  /** Where changed definitions came from. Default `code`. */
  readonly origin?: string
}

/** An immutable, compiled set of flags for one environment. */
export interface FlagSet<D extends FlagDefinitions = FlagDefinitions> extends FlagReaders<D> {
  readonly environment: string
  /** The log revision of the last change applied; 0 before any. */
  readonly revision: number
  /** The keys of all flags. */
  keys(): string[]
  /** One flag as it was defined, and what is laid over it. */
  inspect(key: string): FlagInspection | undefined
  /**
   * A new flag set with some flags changed; only those are compiled again.
   *
   * The changes are trusted, as definitions are: parse foreign ones first.
   *
   * @throws SluiceError `engine_missing`; this set stays as it is.
   */
  with(changes: FlagSetChanges): FlagSet<D>
}
