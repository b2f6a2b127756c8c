import type { Answer } from './answer.ts'
import { compileCondition, type Test } from './condition.ts'
import { type EvaluationContext, ownValue } from './context.ts'
import type { Condition, Exposure, FlagDefinition, FlagDefinitions } from './definition.ts'
import { type Engines, engineNames } from './engine-types.ts'
import { SluiceError } from './errors.ts'
import type { ExplainFlag, ExplainScope, Explanation } from './explanation.ts'
import { evaluationFailed, flagNotFound } from './failures.ts'
import { FlagEntry, type FlagSurroundings } from './flag-entry.ts'
import type { FlagSet, FlagSetChanges, FlagSetOptions } from './flag-set-contract.ts'
import type { FlagInspection } from './inspection.ts'
import type { Json } from './json.ts'
import type { EvaluateOptions, KeyOf, ValueOf } from './readers.ts'
import type { Scope } from './scope.ts'

/**
 * Compiles definitions into a flag set. Each flag is compiled when it is first asked.
 *
 * The definitions are trusted: parse foreign ones with `parseDefinitions` of `@sluice/core/schema`
 * first. The Node entry, `@sluice/core/node`, does so by itself.
 *
 * @throws SluiceError `engine_missing`.
 */
export function createFlagSet<const D extends FlagDefinitions>(
  definitions: D,
  options: FlagSetOptions = {},
): FlagSet<D> {
  const { environment = 'development', engines = {}, clock = Date.now, explainer } = options
  const empty = new CompiledFlagSet<D>(
    { environment, engines, clock, explainer },
    {
      positions: new Map(),
      entries: [],
      exposures: new Map(),
      segments: new Map(),
      revision: 0,
    },
  )
  return empty.with({ ...options, flags: definitions })
}

interface Surroundings extends FlagSurroundings {
  readonly explainer: ExplainFlag | undefined
}

interface Parts {
  /**
   * Where each flag stands in `entries`. Shared by every set that came of the same first one, and only
   * ever added to: so that a change copies a list, and not a map.
   */
  readonly positions: Map<string, number>
  /** By position; nothing where a flag was removed, or belongs to another of those sets. */
  readonly entries: readonly (FlagEntry | undefined)[]
  /** Also those of flags that are not defined yet. */
  readonly exposures: ReadonlyMap<string, Exposure>
  readonly segments: ReadonlyMap<string, Segment>
  readonly revision: number
}

interface Segment {
  readonly condition: Condition
  readonly test: Test
}

class CompiledFlagSet<D extends FlagDefinitions> implements FlagSet<D>, Scope, ExplainScope {
  readonly environment: string
  readonly engines: Engines
  readonly revision: number
  readonly #surroundings: Surroundings
  readonly #parts: Parts
  readonly #positions: ReadonlyMap<string, number>
  readonly #entries: readonly (FlagEntry | undefined)[]
  /** All entries, those that are evaluated alike side by side. */
  #alike: FlagEntry[] | undefined

  constructor(surroundings: Surroundings, parts: Parts) {
    this.environment = surroundings.environment
    this.engines = surroundings.engines
    this.revision = parts.revision
    this.#surroundings = surroundings
    this.#parts = parts
    this.#positions = parts.positions
    this.#entries = parts.entries
  }

  isEnabled(key: KeyOf<D>, context?: EvaluationContext): boolean {
    return this.decide(key, context, undefined).value === true
  }

  boolean(key: KeyOf<D>, context: EvaluationContext, fallback: boolean): boolean {
    return this.#typed('boolean', key, context, fallback) as boolean
  }

  string(key: KeyOf<D>, context: EvaluationContext, fallback: string): string {
    return this.#typed('string', key, context, fallback) as string
  }

  number(key: KeyOf<D>, context: EvaluationContext, fallback: number): number {
    return this.#typed('number', key, context, fallback) as number
  }

  object<T extends Json>(key: KeyOf<D>, context: EvaluationContext, fallback: T): Json | T {
    return this.#typed('object', key, context, fallback)
  }

  #typed(type: string, key: string, context: EvaluationContext, fallback: Json): Json {
    const { value, errorCode } = this.decide(key, context, undefined)
    return typeof value === type && value !== null && errorCode === undefined
      ? (value as Json)
      : fallback
  }

  evaluate<K extends KeyOf<D>>(
    key: K,
    context?: EvaluationContext,
    options?: EvaluateOptions,
  ): Answer<ValueOf<D[K]> | undefined> {
    return this.decide(key, context, options?.now) as Answer<ValueOf<D[K]> | undefined>
  }

  evaluateAll(context?: EvaluationContext, options?: EvaluateOptions): Answer[] {
    // One after another those that take the same way: half of the time went to wrong guesses of the
    // processor about which way comes next.
    this.#alike ??= this.#entries
      .flatMap((entry) => entry ?? [])
      .sort((one, other) => wayOf(one) - wayOf(other))
    return this.#alike.map((entry) => this.#answer(entry, context, options?.now))
  }

  explain(key: KeyOf<D>, context?: EvaluationContext, options?: EvaluateOptions): Explanation {
    const { clock, explainer } = this.#surroundings
    const now = options?.now ?? clock()
    return (
      explainer?.(this, key, context, now) ?? {
        key,
        environment: this.environment,
        origin: '',
        answer: this.decide(key, context, now),
        steps: [],
      }
    )
  }

  condition(segment: string): Condition | undefined {
    return this.#parts.segments.get(segment)?.condition
  }

  keys(): string[] {
    return this.#entries.flatMap((entry) => entry?.data.key ?? [])
  }

  inspect(key: string): FlagInspection | undefined {
    return this.#entry(key)?.data
  }

  with(changes: FlagSetChanges): FlagSet<D> {
    const {
      flags = {},
      exposures = {},
      segments = {},
      revisions = {},
      revision = this.revision,
      origin,
    } = changes
    const around = this.#surroundings
    const parts = this.#parts
    const isShort = engineNames.some((name) => this.engines[name] === undefined)
    const exposed = overlay(parts.exposures, exposures, (exposure) => exposure)
    const entries = [...parts.entries]
    for (const key of Object.keys({ ...flags, ...exposures })) {
      const position = parts.positions.get(key) ?? parts.positions.size
      const before = entries[position]?.data
      const isDefined = Object.hasOwn(flags, key)
      const definition = isDefined ? flags[key] : before?.definition
      if (!definition) {
        if (before) entries[position] = undefined
        continue
      }
      const entry = new FlagEntry(
        {
          key,
          definition,
          exposure: exposed.get(key),
          revision: (ownValue(revisions, key) as number | undefined) ?? revision,
          origin: (isDefined ? origin : before?.origin) ?? 'code',
        },
        around,
      )
      parts.positions.set(key, position)
      entries[position] = entry
      // A definition that needs an absent engine is refused now, not when it is asked.
      if (isShort && mayNeedEngine(definition)) entry.compile()
    }
    const nextSegments = overlay(parts.segments, segments, (condition) => ({
      condition,
      test: compileCondition(condition, this.engines),
    }))
    return new CompiledFlagSet<D>(around, {
      positions: parts.positions,
      entries,
      exposures: exposed,
      segments: nextSegments,
      revision,
    })
  }

  decide(key: string, context: EvaluationContext, now: number | undefined): Answer {
    const entry = this.#entry(key)
    return entry === undefined ? flagNotFound(key) : this.#answer(entry, context, now)
  }

  #entry(key: string): FlagEntry | undefined {
    const position = this.#positions.get(key)
    return position === undefined ? undefined : this.#entries[position]
  }

  #answer(entry: FlagEntry, context: EvaluationContext, now: number | undefined): Answer {
    try {
      return entry.decide(context, this, now)
    } catch (thrown) {
      return evaluationFailed(entry.data, thrown)
    }
  }

  segment(key: string): Test {
    const segment = this.#parts.segments.get(key)
    if (segment === undefined) {
      throw new SluiceError('segment_missing', `there is no segment "${key}"`)
    }
    return segment.test
  }
}

/** A guess at what evaluating a flag takes: alike for flags that are evaluated alike. */
function wayOf({ data: { definition } }: FlagEntry): number {
  try {
    return definition.rules?.length ?? (definition.split ? -1 : 0)
  } catch {
    return 0
  }
}

/** Whether an operator that needs an engine may be in a definition: cheaper than to walk it. */
function mayNeedEngine(definition: FlagDefinition): boolean {
  return /"(matches|semver|cidr)":/.test(JSON.stringify(definition))
}

/** The values with the changes laid over them; the same map where nothing changes. */
function overlay<Change, Value>(
  values: ReadonlyMap<string, Value>,
  changes: { readonly [key: string]: Change | null },
  toValue: (change: Change) => Value,
): ReadonlyMap<string, Value> {
  const keys = Object.keys(changes)
  if (keys.length === 0) return values
  const next = new Map(values)
  for (const key of keys) {
    const change = changes[key]
    if (change === null || change === undefined) next.delete(key)
    else next.set(key, toValue(change))
  }
  return next
}
