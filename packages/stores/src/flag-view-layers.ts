import { isDeepStrictEqual } from 'node:util'
import type { Condition, FlagDefinition, FlagDefinitions, SegmentDefinitions } from '@sluice/core'
import { checkReferences, type DefinitionsDocument } from '@sluice/core/schema'

/** Flags and segments that were parsed. */
export interface Definitions {
  readonly flags: FlagDefinitions
  readonly segments: SegmentDefinitions
}

/** The definition in service, and where it came from. */
export interface LayeredFlag {
  readonly definition: FlagDefinition
  readonly origin: string
}

/** What the log holds under a name; undefined where it was deleted. */
export type LoggedDefinition =
  | { readonly kind: 'flag'; readonly name: string; readonly value: FlagDefinition | undefined }
  | { readonly kind: 'segment'; readonly name: string; readonly value: Condition | undefined }

/** The log over a document over code: one definition in service for each name. */
export interface Layers {
  flag(name: string): LayeredFlag | undefined
  segment(name: string): Condition | undefined
  /**
   * Exchanges the document.
   *
   * @returns Which names it may have changed.
   * @throws SluiceError Where it does not fit the rest; then nothing has changed.
   */
  define(document: DefinitionsDocument, origin: string): Names
  /** Lays definitions of the log on top: all of them, or none and throws. */
  lay(definitions: readonly LoggedDefinition[]): void
}

/** Names of flags and of segments. */
export interface Names {
  readonly flags: Set<string>
  readonly segments: Set<string>
}

/** @param code Definitions that fit each other. */
export function createLayers(code: Definitions): Layers {
  let document: Definitions = { flags: {}, segments: {} }
  let documentOrigin = ''
  const logged = {
    flags: new Map<string, FlagDefinition>(),
    segments: new Map<string, Condition>(),
  }
  /** What the layers come to; kept, so that a change need not lay them all anew. */
  const flags = new Map<string, LayeredFlag>()
  const segments = new Map<string, Condition>()
  /** The flags in service that have prerequisites. */
  const dependents = new Set<string>()
  serve({
    flags: new Set(Object.keys(code.flags)),
    segments: new Set(Object.keys(code.segments)),
  })

  function resolveFlag(name: string): LayeredFlag | undefined {
    const own = logged.flags.get(name)
    if (own !== undefined) return { definition: own, origin: 'log' }
    const below = ownValue(document.flags, name)
    if (below !== undefined) return { definition: below, origin: documentOrigin }
    const lowest = ownValue(code.flags, name)
    return lowest && { definition: lowest, origin: 'code' }
  }

  function resolveSegment(name: string): Condition | undefined {
    return (
      logged.segments.get(name) ??
      ownValue(document.segments, name) ??
      ownValue(code.segments, name)
    )
  }

  function serve(names: Names): void {
    for (const name of names.flags) {
      const layered = resolveFlag(name)
      put(flags, name, layered)
      if (layered?.definition.prerequisites === undefined) dependents.delete(name)
      else dependents.add(name)
    }
    for (const name of names.segments) put(segments, name, resolveSegment(name))
  }

  /** Checks the layers as they would be served, of which only these names have changed. */
  function check(names: Names): void {
    if (names.segments.size === 0) {
      try {
        checkReferences(flagsAround(names.flags), Object.fromEntries(segments))
        return
      } catch {
        // Only the check of everything knows every name it could suggest.
      }
    }
    checkAll(names)
  }

  function checkAll(names: Names): void {
    const nextFlags = new Map(flags)
    for (const name of names.flags) put(nextFlags, name, resolveFlag(name))
    const nextSegments = new Map(segments)
    for (const name of names.segments) put(nextSegments, name, resolveSegment(name))
    const record: Record<string, FlagDefinition> = {}
    for (const [name, { definition }] of nextFlags) record[name] = definition
    checkReferences(record, Object.fromEntries(nextSegments))
  }

  /**
   * The changed flags, every flag that could depend on them, and what all of these depend on: among
   * ten thousand flags usually a handful.
   */
  function flagsAround(changed: ReadonlySet<string>): FlagDefinitions {
    const record: Record<string, FlagDefinition> = {}
    const open = [...changed, ...dependents]
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (Object.hasOwn(record, name)) continue
      const layered = changed.has(name) ? resolveFlag(name) : flags.get(name)
      if (layered === undefined) continue
      record[name] = layered.definition
      for (const need of layered.definition.prerequisites ?? []) {
        open.push(typeof need === 'string' ? need : need.flag)
      }
    }
    return record
  }

  return {
    flag: (name) => flags.get(name),
    segment: (name) => segments.get(name),

    define(next, origin) {
      const before = [document, documentOrigin] as const
      const names: Names = {
        flags: new Set([...Object.keys(document.flags), ...Object.keys(next.flags)]),
        segments: new Set(
          [...Object.keys(document.segments), ...Object.keys(next.segments)].filter(
            (name) =>
              !isDeepStrictEqual(ownValue(document.segments, name), ownValue(next.segments, name)),
          ),
        ),
      }
      document = next
      documentOrigin = origin
      try {
        checkAll(names)
      } catch (cause) {
        ;[document, documentOrigin] = before
        throw cause
      }
      serve(names)
      return names
    },

    lay(definitions) {
      const before = { flags: new Map<string, FlagDefinition | undefined>(), segments: new Map() }
      for (const each of definitions) {
        if (each.kind === 'flag') {
          before.flags.set(each.name, logged.flags.get(each.name))
          put(logged.flags, each.name, each.value)
        } else {
          before.segments.set(each.name, logged.segments.get(each.name))
          put(logged.segments, each.name, each.value)
        }
      }
      const names = {
        flags: new Set(before.flags.keys()),
        segments: new Set(before.segments.keys()),
      }
      try {
        check(names)
      } catch (cause) {
        for (const [name, value] of before.flags) put(logged.flags, name, value)
        for (const [name, value] of before.segments) put(logged.segments, name, value)
        throw cause
      }
      serve(names)
    },
  }
}

function ownValue<T>(record: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

/** Sets a name's value, or removes the name. */
export function put<T>(map: Map<string, T>, name: string, value: T | undefined): void {
  if (value === undefined) map.delete(name)
  else map.set(name, value)
}
