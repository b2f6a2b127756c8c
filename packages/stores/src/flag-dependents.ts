import type { FlagDefinition } from '@sluice/core'

/** Which flags hang on which others, by their prerequisites. */
export interface FlagDependents {
  /** A flag is defined so from now on; undefined where it is gone. */
  put(name: string, definition: FlagDefinition | undefined): void
  /** Adds all flags that hang on one of these, however far. */
  addTo(names: Set<string>): void
}

/** Keeps an index, so that a change costs what hangs on it, and not a look at every flag. */
export function createFlagDependents(): FlagDependents {
  const needs = new Map<string, readonly string[]>()
  /** The other way round. */
  const dependents = new Map<string, Set<string>>()

  return {
    put(name, definition) {
      for (const needed of needs.get(name) ?? []) dependents.get(needed)?.delete(name)
      const found = (definition?.prerequisites ?? []).map((each) =>
        typeof each === 'string' ? each : each.flag,
      )
      needs.set(name, found)
      for (const needed of found) {
        const those = dependents.get(needed) ?? new Set()
        dependents.set(needed, those.add(name))
      }
    },
    addTo(names) {
      // A set's walk comes to what is added on the way, and to each only once.
      for (const name of names) for (const each of dependents.get(name) ?? []) names.add(each)
    },
  }
}
