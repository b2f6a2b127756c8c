import type { Answer, Reason } from './answer.ts'
import { answerFactory } from './answers.ts'
import { bucketCount, bucketLimit, splitLimits } from './bucket.ts'
import { bucketOf } from './bucket-of.ts'
import { endReason, prerequisiteOf } from './compile.ts'
import { asKey, type EvaluationContext, readAttribute, readerOf } from './context.ts'
import type { Condition, Rule, Split } from './definition.ts'
import { SluiceError } from './errors.ts'
import type { ExplainScope, Explanation, ExplanationStep } from './explanation.ts'
import { evaluationFailed, flagNotFound, malformed } from './failures.ts'
import { FlagEntry } from './flag-entry.ts'
import type { FlagInspection } from './inspection.ts'
import { openSegments } from './open-segments.ts'
import { compileOperators } from './operators.ts'
import { rampShare, scheduleWindow } from './schedule.ts'
import { type FlagSettings, orderedSplit, ownSettings, settingsFor } from './settings.ts'

/**
 * Walks through a definition as it is written, without compiling it, and notes every step.
 *
 * It is a second, slow and plain implementation of what a flag means; a property test holds it and
 * the compiled one to the same answers.
 */
export function explainFlag(
  scope: ExplainScope,
  key: string,
  context: EvaluationContext,
  now: number,
): Explanation {
  const flag = scope.inspect(key)
  const steps: ExplanationStep[] = []
  const base = { key, environment: scope.environment, steps }
  if (flag === undefined) {
    const answer = flagNotFound(key)
    steps.push({ step: 'lookup', passed: false, detail: answer.errorMessage ?? '' })
    return { ...base, answer, origin: '' }
  }
  const found = {
    ...base,
    origin: flag.origin,
    ...(flag.exposure === undefined ? {} : { exposure: flag.exposure }),
  }
  const fail = (answer: Answer) => {
    steps.push({ step: 'lookup', passed: false, detail: answer.errorMessage ?? '' })
    return { ...found, answer }
  }
  // What fails here fails when the flag is asked, wherever in the definition the fault stands.
  if (!compiles(scope, flag)) return fail(malformed(flag))
  try {
    const answer = new Walk(scope, flag, context, now, steps).run()
    return { ...found, ...segmentsOf(scope, flag), answer }
  } catch (thrown) {
    return fail(evaluationFailed(flag, thrown))
  }
}

function segmentsOf(scope: ExplainScope, { key, definition, exposure }: FlagInspection) {
  const { rules } = settingsFor(key, definition, exposure, scope.environment)
  const opened = openSegments(
    rules.map((rule) => rule.if),
    scope,
  )
  return opened.size === 0 ? {} : { segments: Object.fromEntries(opened) }
}

function compiles(scope: ExplainScope, flag: FlagInspection): boolean {
  try {
    const { environment, engines } = scope
    new FlagEntry(flag, { environment, engines, clock: Date.now }).compile()
    return true
  } catch {
    return false
  }
}

class Walk {
  readonly #scope: ExplainScope
  readonly #flag: FlagInspection
  readonly #context: EvaluationContext
  readonly #now: number
  readonly #steps: ExplanationStep[]
  readonly #settings: FlagSettings

  constructor(
    scope: ExplainScope,
    flag: FlagInspection,
    context: EvaluationContext,
    now: number,
    steps: ExplanationStep[],
  ) {
    this.#scope = scope
    this.#flag = flag
    this.#context = context
    this.#now = now
    this.#steps = steps
    this.#settings = settingsFor(flag.key, flag.definition, flag.exposure, scope.environment)
  }

  run(): Answer {
    const settings = this.#settings
    if (!settings.enabled) {
      const { environment } = this.#scope
      const { definition, exposure } = this.#flag
      const isListed = (ownSettings(definition, environment) ?? exposure?.enabled) !== undefined
      const because = isListed
        ? 'the flag is not enabled'
        : `the environment "${environment}" is not among the flag's environments: name it there`
      this.#note('enabled', false, because)
      return this.#off('DISABLED')
    }
    this.#note('enabled', true, `on in "${this.#scope.environment}"`)
    if (!this.#prerequisitesHold()) return this.#off('DISABLED')
    const share = this.#scheduledShare()
    if (share === undefined) return this.#off('DISABLED')

    for (const [index, rule] of settings.rules.entries()) {
      const answer = this.#tryRule(rule, rule.id ?? String(index))
      if (answer !== undefined) return answer
    }
    const reason = endReason(settings)
    const gate = this.#gate(settings.rollout * share)
    if (gate === 'key_missing') return this.#keyMissing()
    return gate ? this.#serve(settings.serve, settings.split, reason) : this.#off(reason)
  }

  #prerequisitesHold(): boolean {
    for (const each of this.#flag.definition.prerequisites ?? []) {
      const need = prerequisiteOf(each)
      const { variant } = explainFlag(this.#scope, need.flag, this.#context, this.#now).answer
      const holds = variant !== undefined && need.variants.includes(variant)
      const wanted = need.variants.join(' or ')
      this.#note('prerequisite', holds, `"${need.flag}" is ${variant}, needs to be ${wanted}`)
      if (!holds) return false
    }
    return true
  }

  #scheduledShare(): number | undefined {
    const { schedule } = this.#settings
    if (schedule === undefined) return 1
    const share = rampShare(scheduleWindow(schedule), this.#now)
    const at = Number.isFinite(this.#now) ? `at ${this.#now}` : 'at no known time'
    this.#note(
      'schedule',
      share !== undefined,
      share === undefined
        ? `${at} the flag is outside its schedule`
        : `${at} the schedule grants ${round(share * 100)} % of the rollout`,
    )
    return share
  }

  #tryRule(rule: Rule, id: string): Answer | undefined {
    const matches = this.#matches(rule.if)
    this.#note('rule', matches, `rule ${id} ${matches ? 'matches' : 'does not match'}`)
    if (!matches) return undefined
    const rollout = rule.rollout ?? 100
    const gate = this.#gate(rollout)
    if (gate === 'key_missing') return this.#keyMissing(id)
    if (!gate) return rule.otherwise === 'next' ? undefined : this.#off('SPLIT', id)
    const reason = rollout < 100 ? 'SPLIT' : 'TARGETING_MATCH'
    return this.#serve(rule.serve ?? this.#settings.serve, rule.split, reason, id)
  }

  #matches(condition: Condition): boolean {
    if ('all' in condition) return condition.all.every((each) => this.#matches(each))
    if ('any' in condition) return condition.any.some((each) => this.#matches(each))
    if ('not' in condition) return !this.#matches(condition.not)
    if ('segment' in condition) {
      const segment = this.#scope.condition(condition.segment)
      if (segment === undefined) {
        throw new SluiceError('segment_missing', `there is no segment "${condition.segment}"`)
      }
      return this.#matches(segment)
    }
    const value = readAttribute(readerOf(condition.attribute), this.#context)
    return compileOperators(condition, this.#scope.engines)(value)
  }

  #gate(rolloutPercent: number): boolean | 'key_missing' {
    const limit = bucketLimit(rolloutPercent)
    if (limit <= 0 || limit >= bucketCount) {
      this.#note(
        'rollout',
        limit > 0,
        `${round(rolloutPercent)} %: ${limit > 0 ? 'everybody' : 'nobody'}`,
      )
      return limit > 0
    }
    const key = this.#key()
    if (key === undefined) return 'key_missing'
    const { gateSalt } = this.#settings
    const bucket = bucketOf(gateSalt, key)
    const passed = bucket < limit
    this.#note(
      'rollout',
      passed,
      `${round(rolloutPercent)} %: bucket ${bucket} is ${passed ? 'below' : 'not below'} ${limit}`,
      {
        input: `${gateSalt}:${key}`,
        bucket,
        limit,
      },
    )
    return passed
  }

  #serve(
    variant: string | undefined,
    split: Split | undefined,
    reason: Reason,
    rule?: string,
  ): Answer {
    const pairs = orderedSplit(split ?? {}, this.#settings.variants)
    if (pairs.length === 0) {
      this.#note('serve', true, `serves ${variant ?? 'nothing'}`)
      return this.#answer(variant, reason, rule)
    }
    const key = this.#key()
    if (key === undefined) return this.#keyMissing(rule)
    const limits = splitLimits(pairs.map(([, weight]) => weight))
    const { splitSalt } = this.#settings
    const bucket = bucketOf(splitSalt, key)
    const index = limits.findIndex((limit) => bucket < limit)
    const name = pairs[index]?.[0]
    this.#note('split', true, `bucket ${bucket} falls to ${name}`, {
      input: `${splitSalt}:${key}`,
      bucket,
      limit: limits[index] ?? bucketCount,
    })
    return this.#answer(name, 'SPLIT', rule)
  }

  #key(): string | undefined {
    const { bucketBy = 'targetingKey' } = this.#flag.definition
    return asKey(readAttribute(readerOf(bucketBy), this.#context))
  }

  #off(reason: Reason, rule?: string): Answer {
    return this.#answers().off(reason, rule)
  }

  #keyMissing(rule?: string): Answer {
    const answer = this.#answers().keyMissing(rule)
    this.#note('rollout', false, answer.errorMessage ?? '')
    return answer
  }

  #answer(variant: string | undefined, reason: Reason, rule?: string): Answer {
    return this.#answers().serve(variant, undefined, reason, rule) as Answer
  }

  #answers() {
    return answerFactory(this.#flag, this.#settings)
  }

  #note(
    step: ExplanationStep['step'],
    passed: boolean,
    detail: string,
    bucketing?: ExplanationStep['bucketing'],
  ): void {
    this.#steps.push({ step, passed, detail, ...(bucketing === undefined ? {} : { bucketing }) })
  }
}

function round(percent: number): number {
  return Math.round(percent * 1000) / 1000
}
