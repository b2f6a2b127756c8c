import type { Answer, Reason } from './answer.ts'
import { answerFactory } from './answers.ts'
import { compileCondition } from './condition.ts'
import type { Prerequisite } from './definition.ts'
import type { Engines } from './engine-types.ts'
import type { FlagInspection } from './inspection.ts'
import { compileOutcome, decideOutcome, type Outcome } from './outcome.ts'
import { type CompiledRule, indexRuns } from './rules.ts'
import { type ScheduleWindow, scheduleWindow } from './schedule.ts'
import type { FlagSettings } from './settings.ts'

/** One flag of one environment, compiled. Every answer it can give is made beforehand. */
export interface CompiledFlag {
  /** The answer, where every context gets the same; then there is nothing else. */
  readonly fixed?: Answer | undefined
  readonly rules?: readonly CompiledRule[] | undefined
  /** What happens where no rule decides. */
  readonly end?: Outcome
  /** Undefined where the instant does not matter. */
  readonly timing?: Timing | undefined
}

/** When a flag is open at all. */
export interface Timing {
  readonly needs: readonly Prerequisite[]
  readonly window: ScheduleWindow | undefined
  /** The answer outside the schedule, and where a prerequisite does not hold. */
  readonly disabled: Answer
}

/**
 * Compiles a flag into records, not closures: a thousand flags then run the same few lines.
 *
 * @throws SluiceError `engine_missing`.
 */
export function compileFlag(
  flag: FlagInspection,
  settings: FlagSettings,
  engines: Engines,
): CompiledFlag {
  const { rules, rollout, schedule } = settings
  const answers = answerFactory(flag, settings)
  const disabled = answers.off('DISABLED')
  if (!settings.enabled) return { fixed: disabled }

  const compiled = rules.map((rule, position): CompiledRule => {
    const id = rule.id ?? String(position)
    const rollout = rule.rollout ?? 100
    const inside = answers.serve(
      rule.serve ?? settings.serve,
      rule.split,
      rollout < 100 ? 'SPLIT' : 'TARGETING_MATCH',
      id,
    )
    const outside = () => (rule.otherwise === 'next' ? undefined : answers.off('SPLIT', id))
    const test = compileCondition(rule.if, engines)
    const parts = { rollout, inside, outside, id }
    const outcome = compileOutcome(flag, settings, answers, parts)
    return { test, outcome, position, run: undefined }
  })
  indexRuns(rules, compiled)
  const needs = (flag.definition.prerequisites ?? []).map(prerequisiteOf)
  const window = schedule && scheduleWindow(schedule)
  const reason = endReason(settings)
  const end = compileOutcome(flag, settings, answers, {
    rollout,
    inside: answers.serve(settings.serve, settings.split, reason),
    outside: () => answers.off(reason),
    ramp: schedule?.fullAt === undefined ? undefined : window,
  })
  const timing = needs.length > 0 || window ? { needs, window, disabled } : undefined
  return compiled.length > 0 || timing || end.keyMissing
    ? { rules: compiled, end, timing }
    : { fixed: decideOutcome(end) }
}

/** A prerequisite in its full form; a bare key asks for the variant `on`. */
export function prerequisiteOf(prerequisite: string | Prerequisite): Prerequisite {
  return typeof prerequisite === 'string' ? { flag: prerequisite, variants: ['on'] } : prerequisite
}

/** Why a flag answers as it does where no rule decided. */
export function endReason({ schedule, rollout, rules }: FlagSettings): Reason {
  if (schedule?.fullAt !== undefined || (rollout > 0 && rollout < 100)) return 'SPLIT'
  return rules.length > 0 ? 'DEFAULT' : 'STATIC'
}
