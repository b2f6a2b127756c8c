import type { Answer, Reason } from './answer.ts'
import { compileCondition } from './condition.ts'
import { asKey, type EvaluationContext, readerOf, targetingKeyOf } from './context.ts'
import type { FlagDefinition, Prerequisite, Rule, Split } from './definition.ts'
import type { Engines } from './engine-types.ts'
import { compileOutcome, type SplitAnswers } from './outcome.ts'
import { type CompiledRule, compileRules } from './rules.ts'
import { rampShare, type ScheduleWindow, scheduleWindow } from './schedule.ts'
import type { Decide } from './scope.ts'
import { type FlagSettings, orderedSplit } from './settings.ts'

/** What a flag is compiled from. */
export interface FlagSource {
  readonly definition: FlagDefinition
  readonly settings: FlagSettings
  readonly revision: number
  readonly engines: Engines
}

/**
 * Compiles one flag of one environment into a function that allocates nothing.
 *
 * Every answer it can give is made here, once.
 *
 * @throws SluiceError `engine_missing`.
 */
export function compileFlag(source: FlagSource): Decide {
  const { definition, settings } = source
  const answers = answerFactory(source)
  const disabled = answers.off('DISABLED')
  if (!settings.enabled) return () => disabled

  const window = settings.schedule && scheduleWindow(settings.schedule)
  const end = compileEnd(source, answers, window)
  const rules = compileRules(
    settings.rules,
    settings.rules.map((rule, index) => compileRule(rule, index, source, answers)),
  )
  const decide: Decide =
    rules === undefined
      ? end
      : (context, scope, now) => rules(context, scope, now) ?? end(context, scope, now)
  const scheduled: Decide =
    window === undefined
      ? decide
      : (context, scope, now) => {
          const at = now ?? scope.clock()
          return rampShare(window, at) === undefined ? disabled : decide(context, scope, at)
        }
  return compilePrerequisites(definition.prerequisites ?? [], scheduled, disabled)
}

function compilePrerequisites(
  prerequisites: readonly (string | Prerequisite)[],
  decide: Decide,
  disabled: Answer,
): Decide {
  if (prerequisites.length === 0) return decide
  const needs = prerequisites.map(prerequisiteOf)
  return (context, scope, now) => {
    // One reading of the clock for the flag and all it depends on.
    const at = now ?? scope.clock()
    for (const need of needs) {
      const { variant } = scope.decide(need.flag, context, at)
      if (variant === undefined || !need.variants.includes(variant)) return disabled
    }
    return decide(context, scope, at)
  }
}

/** A prerequisite in its full form; a bare key asks for the variant `on`. */
export function prerequisiteOf(prerequisite: string | Prerequisite): Prerequisite {
  return typeof prerequisite === 'string' ? { flag: prerequisite, variants: ['on'] } : prerequisite
}

function compileRule(
  rule: Rule,
  index: number,
  source: FlagSource,
  answers: AnswerFactory,
): CompiledRule {
  const { settings } = source
  const id = rule.id ?? String(index)
  const rollout = rule.rollout ?? 100
  const reason: Reason = rollout < 100 ? 'SPLIT' : 'TARGETING_MATCH'
  return {
    test: compileCondition(rule.if, source.engines),
    outcome: compileOutcome({
      rollout,
      serve: answers.serve(rule.serve ?? settings.serve, rule.split, reason, id),
      outside: rule.otherwise === 'next' ? undefined : answers.off('SPLIT', id),
      keyMissing: answers.keyMissing(id),
      gateSalt: settings.gateSalt,
      keyOf: keyReaderOf(source.definition),
      ramp: undefined,
    }),
  }
}

function compileEnd(
  source: FlagSource,
  answers: AnswerFactory,
  window: ScheduleWindow | undefined,
): Decide {
  const { settings } = source
  const reason = endReason(settings)
  // There is an answer for those outside, so that the outcome always has one.
  return compileOutcome({
    rollout: settings.rollout,
    serve: answers.serve(settings.serve, settings.split, reason),
    outside: answers.off(reason),
    keyMissing: answers.keyMissing(),
    gateSalt: settings.gateSalt,
    keyOf: keyReaderOf(source.definition),
    ramp: settings.schedule?.fullAt === undefined ? undefined : window,
  }) as Decide
}

/** Why a flag answers as it does where no rule decided. */
export function endReason({ schedule, rollout, rules }: FlagSettings): Reason {
  if (schedule?.fullAt !== undefined || (rollout > 0 && rollout < 100)) return 'SPLIT'
  return rules.length > 0 ? 'DEFAULT' : 'STATIC'
}

/** How a flag reads the key it buckets by. */
export function keyReaderOf(
  definition: FlagDefinition,
): (context: EvaluationContext) => string | undefined {
  const { bucketBy } = definition
  if (bucketBy === undefined) return targetingKeyOf
  const read = readerOf(bucketBy)
  return (context) => asKey(read(context))
}

/** Makes the frozen answers of one flag. */
export interface AnswerFactory {
  serve(
    variant: string | undefined,
    split: Split | undefined,
    reason: Reason,
    rule?: string,
  ): Answer | SplitAnswers
  off(reason: Reason, rule?: string): Answer
  keyMissing(rule?: string): Answer
}

/** The answers a flag can give, by variant and reason. */
export function answerFactory({
  definition,
  settings,
  revision,
}: Omit<FlagSource, 'engines'>): AnswerFactory {
  // Two literals, not a spread: frozen objects share a hidden class only where they were written alike.
  const make = (variant: string | undefined, reason: Reason, rule?: string): Answer => {
    const value = variant === undefined ? undefined : settings.variants[variant]
    return Object.freeze(
      rule === undefined
        ? { value, variant, reason, flagRevision: revision }
        : { value, variant, reason, flagRevision: revision, rule },
    )
  }
  return {
    serve: (variant, split, reason, rule) => {
      const pairs = orderedSplit(split ?? {}, settings.variants)
      if (pairs.length === 0) return make(variant, reason, rule)
      return {
        salt: settings.splitSalt,
        weights: pairs.map(([, weight]) => weight),
        answers: pairs.map(([name]) => make(name, 'SPLIT', rule)),
      }
    },
    off: (reason, rule) => make(settings.offVariant, reason, rule),
    keyMissing: (rule) =>
      Object.freeze({
        ...make(settings.offVariant, 'ERROR', rule),
        errorCode: 'TARGETING_KEY_MISSING' as const,
        errorMessage: `the context has no ${definition.bucketBy ?? 'targetingKey'} to bucket by`,
      }),
  }
}
