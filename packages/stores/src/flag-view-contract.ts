import type {
  Exposure,
  FlagDefinitions,
  FlagSet,
  Json,
  SegmentDefinitions,
  SluiceError,
} from '@sluice/core'
import type { DefinitionsDocument } from '@sluice/core/schema'
import type { Fold } from './fold.ts'

/** A key of the log, what it holds now (undefined where it was deleted), and since when. */
export interface LogEntry {
  readonly key: string
  readonly value: Json | undefined
  readonly revision: number
}

/** A flag set that follows a definitions document and a log's state. */
export interface FlagView {
  /** The flag set in service. */
  readonly current: FlagSet
  /**
   * Exchanges the document that stands between code and log.
   *
   * @returns The flags whose answers may differ now.
   * @throws SluiceError Where it does not fit the rest; the one before stays in service.
   */
  define(document: DefinitionsDocument, origin: string): readonly string[]
  /**
   * Takes over what one commit wrote.
   *
   * Each entry is judged by itself: whoever reads the log from a snapshot does not know which were
   * written together, and must come to the same flags.
   *
   * @param revision Where the log stands now.
   * @returns The flags whose answers may differ now.
   */
  follow(entries: readonly LogEntry[], revision: number): readonly string[]
  /** The same for the whole state of a log: what is not among the entries is gone. */
  reset(entries: readonly LogEntry[], revision: number): readonly string[]
  /**
   * Lays an exposure over the log's until it is released (undefined), whatever comes in meanwhile.
   *
   * @returns The flags whose answers may differ now.
   * @throws SluiceError For what is no exposure, as the schema of exposures says it.
   */
  brake(name: string, exposure: Exposure | undefined): readonly string[]
  /** Another view, of a past state of the log, over the definitions that this one has now. */
  past(fold: Fold, at: number): FlagView
}

/** Of what a view is made. */
export interface FlagViewOptions {
  readonly environment: string
  readonly clock: () => number
  /** From code: the lowest layer. */
  readonly definitions: FlagDefinitions
  readonly segments: SegmentDefinitions
  /** The revision that last wrote a key of the log, even if it deleted it; 0 where none did. */
  readonly revisionOf: (key: string) => number
  /** Hears of what was refused in the log; what it would have replaced stays in service. */
  readonly report: (error: SluiceError) => void
}
