import type { Exposure, FlagDefinition, FlagDefinitions } from '@sluice/core'
import type { Commit, KeyedEntry } from '@sluice/stores'
import type { Policy } from '../policy/policy.ts'
import { isUnderWay, readRolloutRecord } from '../reports/rollout-record.ts'
import { readExposure } from '../transition/exposure.ts'
import { basePoint, placeOf } from './base-point.ts'
import { type EnvironmentPoint, isListed, placeIn } from './environment-point.ts'
import { type FlagHistory, flagOfKey, readFlagHistory } from './exposure-history.ts'
import { findNextStep, type NextStep } from './next-step.ts'
import { instantOf } from './served-share.ts'

/**
 * The point of its life that a flag has reached (P3).
 *
 * `created`: off everywhere that counts. `staging`: on before production. `production`: on there, for a share.
 * `released`: settled everywhere it is meant to be. `due_for_removal`: released for longer than the policy allows.
 * `expired`: its `expiresAt` has passed. `killed`: switched off by hand after it was on. `archived`: in the log, and
 * defined nowhere any more.
 */
export type LifecyclePoint =
  | 'created'
  | 'staging'
  | 'production'
  | 'released'
  | 'due_for_removal'
  | 'expired'
  | 'killed'
  | 'archived'

/** One flag's life so far, and what is due. Times are epoch milliseconds. */
export interface FlagLifecycle {
  readonly key: string
  readonly kind: NonNullable<FlagDefinition['kind']>
  readonly owner?: string
  readonly point: LifecyclePoint
  /** Since when it is at this point, as far as log and definition say. */
  readonly since?: number
  readonly by?: string
  /** The percentage in the furthest environment it is on in, 0–100. */
  readonly percent: number
  /** The stage of the active rollout in production, from 0. */
  readonly stage?: number
  /** Long-lived kinds (`operational`, `permission`) are never due for removal by their age. */
  readonly isLongLived: boolean
  readonly expiresAt?: number
  /** What comes next; nothing where the flag may stay as it is. */
  readonly next?: NextStep
  /** In the policy's order, then any others. */
  readonly environments: readonly EnvironmentPoint[]
}

/** What a flag's life is read from. */
export interface LifecycleInput {
  readonly definitions: FlagDefinitions
  /** The live entries of the log: `replica.entries()`. */
  readonly entries: readonly KeyedEntry[]
  /** The commits that moved flags, oldest first, as far back as they are to be had. */
  readonly commits: Iterable<Commit>
  readonly policy: Policy
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * Says of every flag, defined or left behind in the log, at which point of its life it is. Pure; sorted by key.
 *
 * What cannot be known is left out: a flag that its code turned on has no `since`, and is never due by age, unless its
 * definition has a `createdAt`.
 */
export function lifecycleOf(input: LifecycleInput): FlagLifecycle[] {
  const { definitions, entries, commits, policy, now } = input
  const history = readFlagHistory(commits)
  const values = new Map(entries.map(({ key, value }) => [key, value] as const))
  const inLog = [...values.keys()].flatMap((key) => flagOfKey(key) ?? [])
  const names = new Set([...Object.keys(definitions), ...inLog])
  const environments = environmentsIn(policy, definitions, values.keys())
  return [...names].sort().map((key) => {
    const definition = Object.hasOwn(definitions, key) ? definitions[key] : undefined
    const points = environments.flatMap((environment) => {
      const exposure = exposureAt(values, environment, key)
      const rollout = readRolloutRecord(values.get(`rollout/${environment}/${key}`))
      const isKnown =
        policy.environments.order.includes(environment) ||
        exposure !== undefined ||
        rollout !== undefined ||
        isListed(definition ?? {}, environment)
      if (!isKnown) return []
      const moves = history.moves(environment, key)
      return [placeIn(key, definition ?? {}, { environment, exposure, moves, rollout }, now)]
    })
    return describe(key, definition, points, history, policy, now)
  })
}

function exposureAt(
  values: ReadonlyMap<string, unknown>,
  environment: string,
  flag: string,
): Exposure | undefined {
  const value = values.get(`exposure/${environment}/${flag}`)
  return value === undefined ? undefined : readExposure(value)
}

/** Those of the policy in its order, then what definitions and log name beside them. */
function environmentsIn(
  policy: Policy,
  definitions: FlagDefinitions,
  keys: Iterable<string>,
): string[] {
  const named = new Set(policy.environments.order)
  for (const { environments = [] } of Object.values(definitions)) {
    const listed = Array.isArray(environments) ? environments : Object.keys(environments)
    for (const name of listed) named.add(name)
  }
  for (const key of keys) {
    const environment = /^(?:exposure|rollout)\/([^/]+)\//.exec(key)?.[1]
    if (environment !== undefined) named.add(environment)
  }
  return [...named]
}

function describe(
  key: string,
  definition: FlagDefinition | undefined,
  environments: readonly EnvironmentPoint[],
  history: FlagHistory,
  policy: Policy,
  now: number,
): FlagLifecycle {
  const { kind = 'release', owner } = definition ?? {}
  const isLongLived = kind === 'operational' || kind === 'permission'
  const expiresAt = definition && optionalInstant(definition.expiresAt)
  const createdAt = definition && optionalInstant(definition.createdAt)
  const base = basePoint(environments, policy)
  const place = placeOf(base, environments, policy)
  const born = bornAt(history.first(key), createdAt)
  const began = base === 'created' && place?.since === undefined ? born : sinceOf(place, createdAt)
  const settledAt = base === 'released' ? latest(environments, createdAt) : undefined
  const life: Omit<FlagLifecycle, 'point' | 'next'> = {
    ...{ key, kind, isLongLived, environments },
    ...(owner === undefined ? {} : { owner }),
    ...(base === 'released' ? settledAt : began),
    percent: place?.percent ?? 0,
    ...stageOf(place),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  const dueAt =
    isLongLived || settledAt === undefined
      ? undefined
      : settledAt.since + policy.flags.removeAfterMs
  const withNext = (point: LifecyclePoint, change: { since?: number } = {}): FlagLifecycle => {
    const next = findNextStep({ point, place, dueAt, isLongLived, environments, policy })
    return { ...life, ...change, point, ...(next === undefined ? {} : { next }) }
  }
  if (definition === undefined) return withNext('archived')
  if (expiresAt !== undefined && now >= expiresAt) return withNext('expired', { since: expiresAt })
  if (dueAt !== undefined && now >= dueAt) return withNext('due_for_removal', { since: dueAt })
  return withNext(base)
}

function sinceOf(place: EnvironmentPoint | undefined, createdAt: number | undefined) {
  const since = place?.since ?? createdAt
  return {
    ...(since === undefined ? {} : { since }),
    ...(place?.by === undefined ? {} : { by: place.by }),
  }
}

/** Released since the last of its environments was settled; unknown where one's time is. */
function latest(
  environments: readonly EnvironmentPoint[],
  createdAt: number | undefined,
): { since: number; by?: string } | undefined {
  let last: { since: number; by?: string } | undefined
  for (const { isMeant, since = createdAt, by } of environments) {
    if (!isMeant) continue
    if (since === undefined) return undefined
    if (last === undefined || since > last.since) {
      last = { since, ...(by === undefined ? {} : { by }) }
    }
  }
  return last
}

function bornAt(
  first: { readonly at: number; readonly by: string } | undefined,
  createdAt: number | undefined,
) {
  if (createdAt !== undefined) return { since: createdAt }
  return first === undefined ? {} : { since: first.at, by: first.by }
}

function stageOf(place: EnvironmentPoint | undefined): { stage?: number } {
  const stage = place?.rollout?.stage
  return stage === undefined || !isUnderWay(place?.rollout) ? {} : { stage }
}

function optionalInstant(value: string | undefined): number | undefined {
  const instant = instantOf(value, Number.NaN)
  return Number.isFinite(instant) ? instant : undefined
}
