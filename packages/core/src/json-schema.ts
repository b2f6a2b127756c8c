import * as z from 'zod'
import { longestKey } from './check-key.ts'
import {
  condition,
  conditionForms,
  conditionSchema,
  definitionSchema,
  environments,
  furthestMs,
  instant,
  isoInstant,
  rule,
  schedule,
  split,
  variants,
} from './definition-schema.ts'
import { isoInstant as isoPattern } from './instant.ts'
import type { JsonObject } from './json.ts'
import { describeProperties } from './json-schema-texts.ts'

type Node = z.core.JSONSchema.BaseSchema

/** Names that logs and answers can carry: what `nameFault` says, as a pattern. */
const named = (barred = ''): Node => ({
  type: 'string',
  minLength: 1,
  maxLength: longestKey,
  pattern: `^(?!__proto__$${barred})[^\\u0000-\\u001f\\u007f]+$`,
})
const key = named()
/** Applications start in `dev` or `prod`; a definition names environments in full. */
const environmentName = named('|dev$|prod$')
/** Keys of digits alone do not keep the order they were declared in. */
const variantName = named('|\\d+$')

const variantTypes = ['boolean', 'string', 'number', 'object', 'array', 'null'] as const

const operators = Object.keys(condition.shape).filter(
  (name) => !(conditionForms as readonly string[]).includes(name),
)
const needing = (names: readonly string[]) => names.map((name) => ({ required: [name] }))

/** What refinements check and a JSON Schema has words for: laid over what zod says of them. */
const patches = new Map<z.core.$ZodType, (node: Node) => Record<string, unknown>>([
  [
    condition,
    () => ({
      oneOf: needing(conditionForms),
      dependencies: {
        attribute: { anyOf: needing(operators) },
        ...Object.fromEntries(operators.map((name) => [name, ['attribute']])),
      },
    }),
  ],
  [
    instant,
    () => ({
      type: undefined,
      anyOf: [
        { type: 'number', minimum: -furthestMs, maximum: furthestMs },
        { type: 'string', pattern: isoPattern.source },
      ],
    }),
  ],
  [isoInstant, () => ({ pattern: isoPattern.source })],
  [split, () => ({ minProperties: 1, propertyNames: variantName })],
  [schedule, () => ({ dependencies: { fullAt: ['from'] } })],
  [
    environments,
    ({ anyOf: [list, record] = [] }) => ({
      anyOf: [
        { ...(list as Node), items: environmentName },
        { ...(record as Node), propertyNames: environmentName },
      ],
    }),
  ],
  [
    variants,
    () => ({
      minProperties: 1,
      propertyNames: variantName,
      additionalProperties: undefined,
      anyOf: variantTypes.map((type) => ({ additionalProperties: { type } })),
    }),
  ],
])

/**
 * The JSON Schema (draft 7) of a definitions document, for editors: they complete names, explain them and mark most of
 * what `parseDocument` refuses. What it marks is always refused; what needs a sum, a regular expression's own syntax or
 * a look at another place is refused by `parseDocument` alone.
 *
 * @returns A new object. As a file it is published as `@sluice/sdk/flags.schema.json`.
 */
export function documentJsonSchema(): JsonObject {
  const names = z.registry<{ id: string }>()
  const reused = { condition: conditionSchema, rule, schedule, split }
  for (const [id, part] of Object.entries(reused)) names.add(part, { id })
  const flags = z.record(z.string(), definitionSchema)
  const segments = z.record(z.string(), conditionSchema)
  const document = z.strictObject({
    $schema: z.string().optional(),
    version: z.literal(1),
    // In YAML, a name with nothing behind it is null.
    flags: flags.nullable().optional(),
    segments: segments.nullable().optional(),
  })
  const schema = z.toJSONSchema(document, {
    target: 'draft-7',
    io: 'input',
    metadata: names,
    override({ zodSchema, jsonSchema }) {
      Object.assign(jsonSchema, patches.get(zodSchema)?.(jsonSchema))
      if (zodSchema === flags || zodSchema === segments) jsonSchema.propertyNames = key
    },
  })
  describeProperties(schema)
  // Through text, which leaves out what is undefined and what zod hangs on it for itself.
  return JSON.parse(JSON.stringify({ title: 'Sluice flags', ...schema })) as JsonObject
}
