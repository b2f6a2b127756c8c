import { isDeepStrictEqual } from 'node:util'
import {
  type Condition,
  type Exposure,
  type FlagDefinition,
  type FlagDefinitions,
  type FlagSet,
  isSluiceError,
  type Json,
  type SegmentDefinitions,
  SluiceError,
} from '@sluice/core'
import { createFlagSet } from '@sluice/core/node'
import {
  checkReferences,
  type DefinitionsDocument,
  parseDefinition,
  parseExposure,
  parseSegment,
} from '@sluice/core/schema'
import { exposureKey, flagKey, segmentKey } from './flag-keys.ts'

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
   * Takes over entries of the log that were written together.
   *
   * @param revision Where the log stands now.
   * @returns The flags whose answers may differ now.
   */
  follow(entries: readonly LogEntry[], revision: number): readonly string[]
  /** The keys of the log that were taken over. */
  keys(): string[]
}

/** Of what a view is made. */
export interface FlagViewOptions {
  readonly environment: string
  readonly clock: () => number
  /** From code: the lowest layer. */
  readonly definitions: FlagDefinitions
  readonly segments: SegmentDefinitions
  /** Hears of what was refused in the log; what it would have replaced stays in service. */
  readonly report: (error: SluiceError) => void
}

const flagPrefix = flagKey('')
const segmentPrefix = segmentKey('')

interface Definitions {
  readonly flags: FlagDefinitions
  readonly segments: SegmentDefinitions
}

/**
 * Lays the log over a document over code, and keeps a flag set that shows it.
 *
 * @throws SluiceError Where the definitions from code are refused.
 */
export function createFlagView(options: FlagViewOptions): FlagView {
  const { environment, clock, report } = options
  const code: Definitions = { flags: options.definitions, segments: options.segments }
  let document: Definitions = { flags: {}, segments: {} }
  let logged: Definitions = { flags: {}, segments: {} }
  let served = merge(code)
  let current: FlagSet = createFlagSet(code.flags, { environment, clock, segments: code.segments })
  /** Which revision last changed each flag that the log has changed. */
  const revisions: Record<string, number> = {}
  const exposures = new Set<string>()
  const exposurePrefix = exposureKey(environment, '')

  /** Puts other definitions into service, or throws and changes nothing. */
  function serve(next: Definitions, origin: string, revision: number): readonly string[] {
    checkReferences(next.flags, next.segments)
    const flags = difference(served.flags, next.flags)
    const segments = difference(served.segments, next.segments)
    for (const key of Object.keys(flags)) revisions[key] ??= 0
    current = current.with({ flags, segments, origin, revision, revisions })
    served = next
    // A segment may decide about any flag.
    return Object.keys(segments).length > 0 ? current.keys() : Object.keys(flags)
  }

  function followDefinitions(entries: readonly LogEntry[], revision: number): readonly string[] {
    const flags: Record<string, FlagDefinition> = { ...logged.flags }
    const segments: Record<string, Condition> = { ...logged.segments }
    for (const { key, value } of entries) {
      if (key.startsWith(flagPrefix)) {
        assign(flags, key.slice(flagPrefix.length), value, parseDefinition)
      } else {
        assign(segments, key.slice(segmentPrefix.length), value, parseSegment)
      }
    }
    const next = merge(code, document, { flags, segments })
    checkReferences(next.flags, next.segments)
    for (const entry of entries) {
      if (entry.key.startsWith(flagPrefix)) noteRevision(entry, flagPrefix)
    }
    logged = { flags, segments }
    return serve(next, 'log', revision)
  }

  function followExposures(entries: readonly LogEntry[], revision: number): readonly string[] {
    const moved: Record<string, Exposure | null> = {}
    for (const entry of entries) {
      const { key, value } = entry
      const flag = key.slice(exposurePrefix.length)
      try {
        moved[flag] = value === undefined ? null : parseExposure(flag, value, served.flags[flag])
      } catch (cause) {
        report(refused(cause, entry))
        continue
      }
      noteRevision(entry, exposurePrefix)
      if (value === undefined) exposures.delete(key)
      else exposures.add(key)
    }
    current = current.with({ exposures: moved, revision, revisions })
    return Object.keys(moved)
  }

  function noteRevision({ key, revision }: LogEntry, prefix: string): void {
    const flag = key.slice(prefix.length)
    revisions[flag] = Math.max(revisions[flag] ?? 0, revision)
  }

  return {
    get current() {
      return current
    },
    define(next, origin) {
      const changed = serve(merge(code, next, logged), origin, current.revision)
      document = next
      return changed
    },
    follow(entries, revision) {
      const changed = new Set<string>()
      const definitions = entries.filter(
        ({ key }) => key.startsWith(flagPrefix) || key.startsWith(segmentPrefix),
      )
      const [first] = definitions
      if (first !== undefined) {
        try {
          for (const key of followDefinitions(definitions, revision)) changed.add(key)
        } catch (cause) {
          report(refused(cause, first))
        }
      }
      const moved = entries.filter(({ key }) => key.startsWith(exposurePrefix))
      if (moved.length > 0) for (const key of followExposures(moved, revision)) changed.add(key)
      return [...changed]
    },
    keys: () => [
      ...exposures,
      ...Object.keys(logged.flags).map(flagKey),
      ...Object.keys(logged.segments).map(segmentKey),
    ],
  }
}

function merge(...layers: readonly Definitions[]): Definitions {
  return {
    flags: Object.assign({}, ...layers.map((layer) => layer.flags)),
    segments: Object.assign({}, ...layers.map((layer) => layer.segments)),
  }
}

function assign<T>(
  record: Record<string, T>,
  name: string,
  value: Json | undefined,
  parse: (name: string, value: unknown) => T,
): void {
  if (value === undefined) delete record[name]
  else record[name] = parse(name, value)
}

/** What must change to come from one record to another; null for what is gone. */
function difference<T>(
  before: { readonly [key: string]: T },
  after: { readonly [key: string]: T },
): { [key: string]: T | null } {
  const changes: { [key: string]: T | null } = {}
  for (const [key, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, key) || !isDeepStrictEqual(before[key], value)) changes[key] = value
  }
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) changes[key] = null
  return changes
}

function refused(cause: unknown, { key, revision }: LogEntry): SluiceError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError(
    'definition_refused',
    `${key} of revision ${revision} was refused, what it replaces stays in service: ${text}`,
    { cause, ...(isSluiceError(cause) && cause.flag !== undefined ? { flag: cause.flag } : {}) },
  )
}
