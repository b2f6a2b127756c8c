/** A place in source code. */
export interface Place {
  /** The path below the root it was found in, the root in front as it was given. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

/** A key that code asks for and nobody defines. */
export interface UnknownKey {
  readonly key: string
  readonly at: Place
  /** The defined key that it may be a misspelling of. */
  readonly nearest?: string
}

/** A question whose key only the running program knows. */
export interface DynamicUse {
  readonly at: Place
  /** The call or access, for people: `isEnabled(name)`. */
  readonly text: string
}

/** A file of which nothing is known, and why. */
export interface UnreadFile {
  readonly file: string
  readonly because: string
}

/** What source code says about flags. Lists are in the order of the scan: sorted by path within each folder. */
export interface StaleReport {
  readonly filesRead: number
  /** For each flag that is asked for: where. */
  readonly uses: ReadonlyMap<string, readonly Place[]>
  /**
   * For flags that are not asked for, as far as can be seen: where their key stands in a text, as a property of something,
   * or in a file that cannot be parsed. Whether it is a use only a person can tell.
   */
  readonly mentions: ReadonlyMap<string, readonly Place[]>
  /** Flags that are neither asked for nor mentioned. Certain only where the scan is complete. */
  readonly unused: readonly string[]
  /** Whether all was read: without dynamic uses and unread files. Else any flag may still be asked for. */
  readonly isComplete: boolean
  readonly unknown: readonly UnknownKey[]
  readonly dynamic: readonly DynamicUse[]
  /** Files that could not be parsed, read, or were too large. */
  readonly unread: readonly UnreadFile[]
}
