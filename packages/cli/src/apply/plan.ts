import type { Condition, FlagDefinition, FlagSettings } from '@sluice/core'
import { settingsFor } from '@sluice/core'
import type { DefinitionsDocument } from '@sluice/core/schema'
import { flagKey, type Replica, segmentKey } from '@sluice/stores'
import { exposureOf } from '../flag-state.ts'
import { type Difference, findDifferences } from './differences.ts'

/** What applying a file would do to the log. */
export interface Plan {
  readonly changes: readonly PlannedChange[]
  /** Keys of the log that the file does not hold, and that stay. */
  readonly left: readonly string[]
  /** The revision of the log that it was made for. */
  readonly revision: number
}

/** One key of the log that would be written. */
export interface PlannedChange {
  /** `flag/newCheckout`, `segment/staff`. */
  readonly key: string
  readonly name: string
  readonly kind: 'flag' | 'segment'
  readonly action: 'add' | 'change' | 'remove'
  readonly before: FlagDefinition | Condition | undefined
  readonly after: FlagDefinition | Condition | undefined
  readonly differences: readonly Difference[]
  /** What becomes of it where it is, or was, or would be served; of flags only. */
  readonly environments: readonly EnvironmentEffect[]
}

/** What a change of a definition does in one environment. */
export interface EnvironmentEffect {
  readonly environment: string
  readonly before: FlagSettings | undefined
  readonly after: FlagSettings | undefined
  /** Whether the log lays an exposure over it, which stays. */
  readonly isMoved: boolean
}

/**
 * Compares a document with the definitions in the log. Pure.
 *
 * @param removes Whether what the file does not hold is taken out of the log; else it is `left`.
 */
export function makePlan(
  document: DefinitionsDocument,
  replica: Pick<Replica, 'head' | 'get' | 'keys'>,
  { removes }: { readonly removes: boolean },
): Plan {
  const wanted = new Map<string, FlagDefinition | Condition>()
  for (const [name, each] of Object.entries(document.segments)) wanted.set(segmentKey(name), each)
  for (const [name, each] of Object.entries(document.flags)) wanted.set(flagKey(name), each)
  const there = [...replica.keys(segmentKey('')), ...replica.keys(flagKey(''))]
  const missing = there.filter((key) => !wanted.has(key))
  const changes = [...wanted]
    .map(([key, after]) => planOne(key, after, replica))
    .filter(({ differences, action }) => action !== 'change' || differences.length > 0)
  const removed = removes ? missing.map((key) => planOne(key, undefined, replica)) : []
  return {
    changes: [...changes, ...removed],
    left: removes ? [] : missing,
    revision: replica.head.revision,
  }
}

function planOne(
  key: string,
  after: FlagDefinition | Condition | undefined,
  replica: Pick<Replica, 'get' | 'keys'>,
): PlannedChange {
  const before = replica.get(key)?.value as FlagDefinition | Condition | undefined
  const [kind, name] = key.startsWith('flag/')
    ? (['flag', key.slice('flag/'.length)] as const)
    : (['segment', key.slice('segment/'.length)] as const)
  return {
    ...{ key, name, kind, before, after },
    action: before === undefined ? 'add' : after === undefined ? 'remove' : 'change',
    differences: findDifferences(before, after),
    environments:
      kind === 'flag'
        ? effectsOf(name, before as FlagDefinition, after as FlagDefinition, replica)
        : [],
  }
}

function effectsOf(
  name: string,
  before: FlagDefinition | undefined,
  after: FlagDefinition | undefined,
  replica: Pick<Replica, 'get' | 'keys'>,
): EnvironmentEffect[] {
  const moved = replica
    .keys('exposure/')
    .filter((key) => key.split('/').slice(2).join('/') === name)
    .map((key) => key.split('/')[1] as string)
  const environments = new Set([...listed(before), ...listed(after), ...moved])
  return [...environments].map((environment) => {
    const exposure = exposureOf(replica, environment, name)
    const settle = (definition: FlagDefinition | undefined) =>
      definition && settingsFor(name, definition, exposure, environment)
    const isMoved = exposure !== undefined
    return { environment, before: settle(before), after: settle(after), isMoved }
  })
}

function listed(definition: FlagDefinition | undefined): string[] {
  const { environments = [] } = definition ?? {}
  return Array.isArray(environments) ? environments : Object.keys(environments)
}
