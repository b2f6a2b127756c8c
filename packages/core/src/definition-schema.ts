import * as z from 'zod'
import type { Condition, Exposure, FlagDefinition } from './definition.ts'
import { instantOf } from './instant.ts'
import type { Json } from './json.ts'
import { allEngines } from './node-engines.ts'

const percent = z.number().min(0).max(100)

const scalar = z.union([z.string(), z.number(), z.boolean()])
const scalars = z.array(scalar).min(1)
const text = z.string()
const texts = z.union([text, z.array(text).min(1)])

/** The furthest instants a Date can be at; beyond them a ramp's arithmetic could overflow. */
export const furthestMs = 8.64e15
export const instant = z
  .union([z.number(), z.string()])
  .refine((value) => Math.abs(instantOf(value)) <= furthestMs, {
    error: 'must be ISO 8601 with a zone, or epoch milliseconds',
  })

/** A pattern longer than this is refused: nobody can review it, and compiling it takes long. */
const longestPattern = 256
const pattern = z
  .string()
  .max(longestPattern)
  .refine(compiles(allEngines.matches, longestPattern), {
    error: 'must be a regular expression in RE2 syntax, of at most 1,000 instructions',
  })
/** As long as the longest version that npm reads; its parser takes seconds for a megabyte. */
const longestRange = 256
const range = z.string().max(longestRange).refine(compiles(allEngines.semver, longestRange), {
  error: "must be a version range in npm's syntax, such as >=2.1.0",
})
/** The longest IPv6 address with its prefix takes less. */
const longestBlock = 64
const block = z.string().max(longestBlock).refine(compiles(allEngines.cidr, longestBlock), {
  error: 'must be an address block, such as 10.0.0.0/8',
})
const orList = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)])

export const conditionForms = ['all', 'any', 'not', 'segment', 'attribute'] as const

/** A condition: one of its five forms. */
export const conditionSchema: z.ZodType<Condition> = z.lazy(() => condition) as never

/** What {@link conditionSchema} checks, without the detour that lets it contain itself. */
export const condition = z
  .strictObject({
    all: z.array(conditionSchema).min(1).optional(),
    any: z.array(conditionSchema).min(1).optional(),
    not: conditionSchema.optional(),
    segment: z.string().optional(),
    attribute: z.string().min(1).optional(),
    is: z.union([scalar, scalars]).optional(),
    in: scalars.optional(),
    contains: z.union([scalar, scalars]).optional(),
    startsWith: texts.optional(),
    endsWith: texts.optional(),
    matches: orList(pattern).optional(),
    gt: z.number().optional(),
    gte: z.number().optional(),
    lt: z.number().optional(),
    lte: z.number().optional(),
    before: instant.optional(),
    after: instant.optional(),
    semver: orList(range).optional(),
    cidr: orList(block).optional(),
    exists: z.boolean().optional(),
  })
  .superRefine((value, context) => {
    const forms = conditionForms.filter((form) => value[form] !== undefined)
    const operators = Object.keys(value).length - forms.length
    const [form] = forms
    if (form === undefined || forms.length > 1) {
      const message = `needs exactly one of ${conditionForms.join(', ')}`
      context.addIssue({ code: 'custom', message, input: value })
    } else if (form === 'attribute' && operators === 0) {
      context.addIssue({ code: 'custom', message: 'needs an operator', input: value })
    } else if (form !== 'attribute' && operators > 0) {
      const message = `an operator needs an attribute, not ${form}`
      context.addIssue({ code: 'custom', message, input: value })
    }
  })

/** Sums of decimal percentages are not exact in binary; this is far below one bucket. */
const weightTolerance = 1e-9
export const split = z
  .record(z.string(), percent)
  .refine(
    (weights) =>
      Math.abs(Object.values(weights).reduce((sum, each) => sum + each, 0) - 100) <=
      weightTolerance,
    { error: 'weights must sum to 100' },
  )

export const rule = z.strictObject({
  id: z.string().min(1).optional(),
  if: conditionSchema,
  rollout: percent.optional(),
  serve: z.string().optional(),
  split: split.optional(),
  otherwise: z.enum(['next', 'off']).optional(),
})

export const schedule = z
  .strictObject({ from: instant.optional(), until: instant.optional(), fullAt: instant.optional() })
  .superRefine((value, context) => {
    const { from, until, fullAt } = value
    if (from !== undefined && until !== undefined && instantOf(from) >= instantOf(until)) {
      context.addIssue({ code: 'custom', message: 'must end after it begins', input: value })
    }
    if (fullAt !== undefined && (from === undefined || instantOf(fullAt) < instantOf(from))) {
      const message = 'fullAt needs a from before it'
      context.addIssue({ code: 'custom', message, input: value })
    }
  })

const settings = {
  enabled: z.boolean().optional(),
  rollout: percent.optional(),
  serve: z.string().optional(),
  split: split.optional(),
  rules: z.array(rule).optional(),
  schedule: schedule.optional(),
}

export const isoInstant = z.string().refine((value) => Number.isFinite(instantOf(value)), {
  error: 'must be ISO 8601 with a zone',
})

// Not `z.json()`: for a list of a million faults that makes gigabytes of issues.
const json: z.ZodType<Json> = z.unknown().superRefine((value, context) => {
  const path = placeOfFault(value, [])
  if (path !== undefined) context.addIssue({ code: 'custom', message: 'must be JSON', path })
}) as never

export const environments = z.union([
  z.array(z.string().min(1)),
  z.record(z.string(), z.strictObject(settings)),
])

export const variants = z.record(z.string(), json)

/** One flag as people write it. */
export const definitionSchema: z.ZodType<FlagDefinition> = z.strictObject({
  ...settings,
  description: z.string().optional(),
  owner: z.string().optional(),
  tags: z.array(z.string()).optional(),
  kind: z.enum(['release', 'experiment', 'operational', 'permission']).optional(),
  createdAt: isoInstant.optional(),
  expiresAt: isoInstant.optional(),
  metadata: z.record(z.string(), scalar).optional(),
  environments: environments.optional(),
  variants: variants.optional(),
  offVariant: z.string().optional(),
  bucketBy: z.string().min(1).optional(),
  salt: z.string().min(1).optional(),
  prerequisites: z
    .array(
      z.union([
        z.string(),
        z.strictObject({ flag: z.string(), variants: z.array(z.string()).min(1) }),
      ]),
    )
    .optional(),
}) as never

/** What operators move: laid over a definition in one environment. */
export const exposureSchema: z.ZodType<Exposure> = z.strictObject({
  enabled: z.boolean().optional(),
  rollout: percent.optional(),
  split: split.optional(),
}) as never

/** The first place in a value that JSON could not carry. */
function placeOfFault(value: unknown, path: readonly string[]): string[] | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : [...path]
  if (typeof value !== 'object') return [...path]
  for (const [key, each] of Object.entries(value)) {
    const place = placeOfFault(each, [...path, key])
    if (place !== undefined) return place
  }
  return undefined
}

/** Whether an operand compiles; a longer one is refused for its length, without the time to try. */
function compiles(
  compile: (operand: string) => unknown,
  longest: number,
): (operand: string) => boolean {
  return (operand) => {
    if (operand.length > longest) return true
    try {
      compile(operand)
      return true
    } catch {
      return false
    }
  }
}
