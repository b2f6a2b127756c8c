import { prerequisiteOf } from './compile.ts'
import type {
  AttributeCondition,
  Condition,
  FlagDefinition,
  FlagDefinitions,
  Rule,
  SegmentDefinitions,
} from './definition.ts'
import { SluiceError, type SluiceErrorDetails } from './errors.ts'
import { nearestName } from './nearest.ts'
import { pointerTo, shorten } from './schema-error.ts'
import { settingsOf, variantsOf } from './settings.ts'

/**
 * One evaluation may look at this many conditions and flags in all. A definition that fans out
 * further could hold a process up: evaluation must not block.
 */
const largestCost = 10_000
/** Flags and segments may build on each other this deep: far beyond what a person can follow. */
const largestDepth = 64

/**
 * Checks what flags and segments say of each other: everything named exists, nothing goes in a
 * circle, and no flag costs more than a bounded number of steps.
 *
 * @throws SluiceError `missing_segment`, `missing_flag`, `missing_variant`, `cycle`, `too_costly`.
 */
export function checkReferences(
  flags: FlagDefinitions,
  segments: SegmentDefinitions,
  path: readonly string[] = [],
): void {
  const check = new ReferenceCheck(flags, segments, path)
  for (const key of Object.keys(segments)) check.segment(key)
  for (const key of Object.keys(flags)) check.flag(key)
}

class ReferenceCheck {
  readonly #flags: FlagDefinitions
  readonly #segments: SegmentDefinitions
  readonly #path: readonly string[]
  /** By `flag/key` or `segment/key`, each counted once however often it is named. */
  readonly #counted = new Map<string, { cost: number; depth: number }>()
  /** What is being counted now, with the depth found below it: meeting one again is a circle. */
  readonly #open = new Map<string, number>()

  constructor(flags: FlagDefinitions, segments: SegmentDefinitions, path: readonly string[]) {
    this.#flags = flags
    this.#segments = segments
    this.#path = path
  }

  segment(key: string): number {
    return this.#visit(`segment/${key}`, ['segments', key], () =>
      this.#conditionCost(this.#segments[key] as Condition, ['segments', key]),
    )
  }

  flag(key: string): number {
    const place = [...this.#path, key]
    const definition = this.#flags[key] as FlagDefinition
    return this.#visit(`flag/${key}`, place, () => {
      let cost = 1
      for (const [index, each] of (definition.prerequisites ?? []).entries()) {
        cost += this.#prerequisiteCost(each, key, [...place, 'prerequisites', String(index)])
      }
      // Of the environments only one is asked at a time.
      let rulesCost = 0
      for (const [own, { rules = [] }] of settingsOf(definition)) {
        rulesCost = Math.max(rulesCost, this.#rulesCost(rules, [...place, ...own, 'rules'], key))
      }
      return cost + rulesCost
    })
  }

  #rulesCost(rules: readonly Rule[], place: readonly string[], flag: string): number {
    let cost = 0
    for (const [index, rule] of rules.entries()) {
      // Most conditions name nothing: for those no place is made.
      cost +=
        'attribute' in rule.if
          ? operandCost(rule.if)
          : this.#conditionCost(rule.if, [...place, String(index), 'if'], flag)
    }
    return cost
  }

  #prerequisiteCost(
    prerequisite: NonNullable<FlagDefinition['prerequisites']>[number],
    flag: string,
    place: readonly string[],
  ): number {
    const need = prerequisiteOf(prerequisite)
    const needed = Object.hasOwn(this.#flags, need.flag) ? this.#flags[need.flag] : undefined
    if (needed === undefined) {
      throw failure('missing_flag', place, 'a flag that exists', need.flag, this.#flags, flag)
    }
    const variants = variantsOf(needed)
    for (const variant of need.variants) {
      if (Object.hasOwn(variants, variant)) continue
      throw failure(
        'missing_variant',
        place,
        `a variant of "${need.flag}"`,
        variant,
        variants,
        flag,
      )
    }
    return this.flag(need.flag)
  }

  #conditionCost(condition: Condition, place: readonly string[], flag?: string): number {
    if ('all' in condition || 'any' in condition) {
      const [name, parts] = 'all' in condition ? ['all', condition.all] : ['any', condition.any]
      return parts.reduce(
        (sum, each, index) =>
          sum + this.#conditionCost(each, [...place, name, String(index)], flag),
        1,
      )
    }
    if ('not' in condition) return 1 + this.#conditionCost(condition.not, [...place, 'not'], flag)
    if ('attribute' in condition) return operandCost(condition)
    const key = condition.segment
    if (!Object.hasOwn(this.#segments, key)) {
      const at = [...place, 'segment']
      throw failure('missing_segment', at, 'a segment that exists', key, this.#segments, flag)
    }
    return 1 + this.segment(key)
  }

  #visit(name: string, place: readonly string[], count: () => number): number {
    let counted = this.#counted.get(name)
    if (counted === undefined) {
      if (this.#open.has(name)) throw circle([...this.#open.keys()], name, place)
      if (this.#open.size >= largestDepth) throw tooLarge('too_deep', name, place)
      this.#open.set(name, 0)
      const cost = count()
      counted = { cost, depth: 1 + (this.#open.get(name) ?? 0) }
      this.#open.delete(name)
      if (cost > largestCost) throw tooLarge('too_costly', name, place)
      this.#counted.set(name, counted)
    }
    const parent = [...this.#open.keys()].at(-1)
    if (parent !== undefined) {
      const depth = Math.max(this.#open.get(parent) ?? 0, counted.depth)
      if (depth >= largestDepth) throw tooLarge('too_deep', parent, place)
      this.#open.set(parent, depth)
    }
    return counted.cost
  }
}

const triedOneByOne = ['contains', 'startsWith', 'endsWith', 'matches', 'semver', 'cidr'] as const

/** Lists that are tried item by item cost their length; `is` and `in` look values up. */
function operandCost(condition: AttributeCondition): number {
  let cost = 1
  for (const name of triedOneByOne) {
    const operand = condition[name]
    if (Array.isArray(operand)) cost += operand.length - 1
  }
  return cost
}

function circle(open: readonly string[], name: string, place: readonly string[]): SluiceError {
  const found = [...open.slice(open.indexOf(name)), name].join(' → ')
  return new SluiceError('cycle', `${found} is a circle: remove one of these references`, {
    pointer: pointerTo(place),
    expected: 'references without a circle',
    found,
  })
}

function tooLarge(
  code: 'too_deep' | 'too_costly',
  name: string,
  place: readonly string[],
): SluiceError {
  const [most, because] =
    code === 'too_deep'
      ? [`${largestDepth} levels`, 'refers to others in']
      : [`${largestCost} steps`, 'would take']
  const expected = `at most ${most}`
  return new SluiceError(code, `${name} ${because} more than ${most}`, {
    pointer: pointerTo(place),
    expected,
    found: 'more',
  })
}

function failure(
  code: string,
  place: readonly string[],
  expected: string,
  found: string,
  known: object,
  flag: string | undefined,
): SluiceError {
  const near = nearestName(found, Object.keys(known))
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`
  const pointer = pointerTo(place)
  const shown = shorten(found)
  const details: SluiceErrorDetails = { pointer, expected: `${expected}${hint}`, found: shown }
  const subject = flag === undefined ? '' : `flag "${flag}": `
  const message = `${subject}${pointer} must name ${expected}${hint}, found "${shown}"`
  return new SluiceError(code, message, flag === undefined ? details : { ...details, flag })
}
