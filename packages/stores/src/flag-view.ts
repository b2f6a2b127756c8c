import { isDeepStrictEqual } from 'node:util'
import type { Condition, Exposure, FlagDefinition, FlagSet } from '@sluice/core'
import { createFlagSet } from '@sluice/core/node'
import { type DefinitionsDocument, parseExposure, parseSegment } from '@sluice/core/schema'
import { createFlagDependents } from './flag-dependents.ts'
import { exposureKey, flagKey } from './flag-keys.ts'
import { admit } from './flag-view-admit.ts'
import type { FlagView, FlagViewOptions, LogEntry } from './flag-view-contract.ts'
import { parseEntry } from './flag-view-entry.ts'
import { misfitEntry, refusedEntry } from './flag-view-errors.ts'
import { createLayers, type LoggedDefinition, type Names, put } from './flag-view-layers.ts'

/** An entry, and the definition that stands in it. */
interface Parsed {
  readonly entry: LogEntry
  readonly revision: number
  readonly definition: LoggedDefinition
}

/**
 * Lays the log over a document over code, and keeps a flag set that shows it.
 *
 * @throws SluiceError Where the definitions from code are refused; `invalid_environment`.
 */
export function createFlagView(options: FlagViewOptions): FlagView {
  const { environment, clock, report } = options
  let document: readonly [DefinitionsDocument, string] | undefined
  const exposurePrefix = exposureKey(environment, '')
  const segments = Object.fromEntries(
    Object.entries(options.segments).map(([name, each]) => [name, parseSegment(name, each)]),
  )
  let current: FlagSet = createFlagSet(options.definitions, { environment, clock, segments })
  const flags = Object.fromEntries(
    current.keys().map((name) => [name, current.inspect(name)?.definition as FlagDefinition]),
  )
  const dependents = createFlagDependents()
  for (const [name, definition] of Object.entries(flags)) dependents.put(name, definition)
  const layers = createLayers({ flags, segments })
  const inService = new Map(Object.entries<Condition>(segments))
  const exposures = new Map<string, Exposure>()
  /** What this process serves instead, because what stands in the log is known to be bad. */
  const brakes = new Map<string, Exposure>()
  /** By key of the log: the revision of what is in service. */
  const applied = new Map<string, number>()
  /** By key of the log: what it holds and what is not in service. */
  const refused = new Map<string, LogEntry>()
  /** The refused ones that only do not fit the others, and may once those have changed. */
  let waiting: Parsed[] = []

  function take(entries: readonly LogEntry[], revision: number, names: Names): readonly string[] {
    takeDefinitions(entries, names)
    for (const entry of entries) {
      if (entry.key.startsWith(exposurePrefix)) takeExposure(entry, names)
    }
    return publish(names, revision)
  }

  function takeDefinitions(entries: readonly LogEntry[], names: Names): void {
    const parsed = entries.flatMap((entry) => parse(entry) ?? [])
    const isNew = new Set(entries.map(({ key }) => key))
    const candidates = [...waiting.filter(({ entry }) => !isNew.has(entry.key)), ...parsed]
    candidates.sort((one, other) => one.revision - other.revision)
    const refusals = admit(candidates, (some) => layers.lay(some.map((each) => each.definition)))
    waiting = refusals.map(({ entry }) => entry)
    for (const { entry: outside, cause } of refusals) refuse(outside.entry, cause)
    const outside = new Set(waiting)
    for (const candidate of candidates) {
      if (outside.has(candidate)) continue
      accept(candidate.entry)
      const { kind, name } = candidate.definition
      names[kind === 'flag' ? 'flags' : 'segments'].add(name)
    }
  }

  function parse(entry: LogEntry): Parsed | undefined {
    try {
      const definition = parseEntry(entry)
      return definition && { entry, revision: entry.revision, definition }
    } catch (cause) {
      refuse(entry, cause)
      return undefined
    }
  }

  function takeExposure(entry: LogEntry, names: Names): void {
    const { key, value, revision } = entry
    const name = key.slice(exposurePrefix.length)
    try {
      if (value === undefined) exposures.delete(name)
      else exposures.set(name, parseExposure(name, value))
    } catch (cause) {
      refuse(entry, cause)
      return
    }
    if (value !== undefined && applied.get(key) !== revision) reportMisfit(name, entry)
    accept(entry)
    names.flags.add(name)
  }

  /**
   * An exposure may name variants that this process's definition does not have, while processes with
   * another version of the code do: its switch and its percentage hold nevertheless.
   */
  function reportMisfit(name: string, entry: LogEntry): void {
    const definition = layers.flag(name)?.definition
    if (definition === undefined) return
    try {
      parseExposure(name, entry.value, definition)
    } catch (cause) {
      report(misfitEntry(entry, cause))
    }
  }

  function accept({ key, revision }: LogEntry): void {
    applied.set(key, revision)
    refused.delete(key)
  }

  function refuse(entry: LogEntry, cause: unknown): void {
    const { key, revision } = entry
    const before = refused.get(key)
    const isKnown = before?.revision === revision && isDeepStrictEqual(before.value, entry.value)
    refused.set(key, entry)
    if (isKnown) return
    const isExposure = key.startsWith(exposurePrefix)
    report(refusedEntry(isExposure ? 'exposure_refused' : 'definition_refused', entry, cause))
  }

  /** Brings the flag set in line with the layers, where the names have changed. */
  function publish(names: Names, revision: number): readonly string[] {
    const changed = new Set<string>()
    const byOrigin = new Map<string, Record<string, FlagDefinition | null>>()
    const moved: [string, Exposure | null][] = []
    const revisions: [string, number][] = []
    for (const name of names.flags) {
      const before = current.inspect(name)
      const after = layers.flag(name)
      const exposure = exposureOf(name)
      const changedAt = revisionOfFlag(name)
      const isSame =
        before?.origin === after?.origin &&
        isDeepStrictEqual(before?.definition, after?.definition) &&
        // Without a definition nothing can be seen of the rest.
        (after === undefined ||
          (before?.revision === changedAt && isDeepStrictEqual(before.exposure, exposure)))
      if (isSame) continue
      changed.add(name)
      dependents.put(name, after?.definition)
      const origin = after?.origin ?? 'code'
      const group = byOrigin.get(origin) ?? {}
      byOrigin.set(origin, group)
      group[name] = after?.definition ?? null
      moved.push([name, exposure ?? null])
      revisions.push([name, changedAt])
    }
    const changedSegments = takeSegments(names.segments)
    const [[origin, flags] = ['code', {}], ...others] = byOrigin
    current = current.with({
      ...{ revision, revisions: Object.fromEntries(revisions) },
      ...{ flags, origin, exposures: Object.fromEntries(moved), segments: changedSegments },
    })
    for (const [origin, flags] of others) {
      current = current.with({ flags, origin, revision, revisions: Object.fromEntries(revisions) })
    }
    dependents.addTo(changed)
    // A segment may decide about any flag.
    if (Object.keys(changedSegments).length > 0) for (const key of current.keys()) changed.add(key)
    return [...changed]
  }

  /** A brake goes before the log, but for a switch that somebody has turned off there meanwhile. */
  function exposureOf(name: string): Exposure | undefined {
    const logged = exposures.get(name)
    const braked = brakes.get(name)
    if (braked === undefined) return logged
    return logged?.enabled === false ? { ...braked, enabled: false } : braked
  }

  function takeSegments(names: ReadonlySet<string>): { [name: string]: Condition | null } {
    const changes: [string, Condition | null][] = []
    for (const name of names) {
      const condition = layers.segment(name)
      if (isDeepStrictEqual(condition, inService.get(name))) continue
      put(inService, name, condition)
      changes.push([name, condition ?? null])
    }
    return Object.fromEntries(changes)
  }

  function revisionOfFlag(name: string): number {
    return Math.max(revisionOf(flagKey(name)), revisionOf(exposurePrefix + name))
  }

  function revisionOf(key: string): number {
    return applied.get(key) ?? (refused.has(key) ? 0 : options.revisionOf(key))
  }

  return {
    get current() {
      return current
    },
    define(next, origin) {
      const names = layers.define(next, origin)
      document = [next, origin]
      return take([], current.revision, names)
    },
    follow: (entries, revision) => take(entries, revision, noNames()),
    reset(entries, revision) {
      const live = new Set(entries.map(({ key }) => key))
      const known = new Set([...applied.keys(), ...refused.keys()])
      const gone = [...known].filter((key) => !live.has(key))
      const deletions = gone.map((key) => ({
        key,
        value: undefined,
        revision: options.revisionOf(key),
      }))
      // What only the revision of a deletion tells, which no entry shows, is looked at too.
      const names = { ...noNames(), flags: new Set(current.keys()) }
      return take([...entries, ...deletions], revision, names)
    },
    brake(name, exposure) {
      put(brakes, name, exposure === undefined ? exposure : parseExposure(name, exposure))
      return publish({ ...noNames(), flags: new Set([name]) }, current.revision)
    },
    past(fold, at) {
      const view = createFlagView({
        ...options,
        clock: () => at,
        revisionOf: (key) => fold.lastWrite(key)?.revision ?? 0,
        report: () => {},
      })
      if (document !== undefined) view.define(...document)
      return view
    },
  }
}

function noNames(): Names {
  return { flags: new Set(), segments: new Set() }
}
