import type * as z from 'zod'

type Node = z.core.JSONSchema.BaseSchema

/** What an editor shows of each property, in the words of `definition.ts` and docs/flags.md. */
const texts: Readonly<Record<string, string>> = {
  $schema: 'Where this schema lies, for editors. It is not read.',
  version: 'The version of the format: 1.',
  flags: 'The flags, by key. Every flag is off until someone turns it on.',
  segments: 'Named conditions, for reuse in rules: { segment: name }.',

  enabled: 'Whether the flag can be on at all. Default false.',
  rollout: 'Percent of subjects, 0 to 100. Default 0; 100 where there is a split, and in a rule.',
  serve: 'The variant for those inside. Default: on, where there is such a variant.',
  split: 'Instead of serve: percentages between variants, which sum to 100.',
  rules: 'First match wins.',
  schedule: 'When the flag may be on. Default: always.',

  description: 'What the flag is for.',
  owner: 'The team or person who answers for the flag.',
  tags: 'Words to find the flag by.',
  kind: 'What the flag is for: it decides how long it is expected to live.',
  createdAt: 'ISO 8601: a date, or a time with a zone.',
  expiresAt: 'ISO 8601. Reported when past; it never switches a flag off.',
  metadata: "The team's own facts about the flag, handed out with its answers by OpenFeature.",
  environments:
    'Where the flag may be on: names, or settings by name that replace those at the top. It is off in every environment not listed here.',
  variants: 'JSON values of one type, by name. Default { on: true, off: false }.',
  offVariant:
    "The variant for those outside. Default: off, where there is one, else the caller's default.",
  bucketBy: 'The attribute to bucket by instead of the targeting key.',
  salt: "Default: the flag's key. Flags that share a salt reach the same users.",
  prerequisites:
    'Flags that must serve a variant first: a key alone means on, else { flag, variants }.',
  flag: 'The key of the other flag.',

  id: "Named in answers and explanations. Default: the rule's position from 0.",
  if: 'Whom the rule is about.',
  otherwise: 'Where matching subjects outside the rollout go: the next rule, or off. Default off.',

  from: 'On from this instant: ISO 8601 with a zone, or epoch milliseconds.',
  until: 'Off from this instant: ISO 8601 with a zone, or epoch milliseconds.',
  fullAt: 'The rollout grows from 0 percent at from to its full at this instant.',

  all: 'Every one of these conditions holds.',
  any: 'At least one of these conditions holds.',
  not: 'This condition does not hold.',
  segment: 'The named condition holds.',
  attribute:
    'The attribute of the context that the operators look at; all of them must hold. One that begins with / is a JSON pointer.',
  is: 'Equal to this, or to one of these.',
  in: 'One of these.',
  contains: 'A text that holds this, or a list that has it as an item.',
  startsWith: 'A text that begins with this, or with one of these.',
  endsWith: 'A text that ends with this, or with one of these.',
  matches: 'A regular expression in RE2 syntax, found anywhere in the text.',
  gt: 'A number greater than this.',
  gte: 'A number of at least this.',
  lt: 'A number less than this.',
  lte: 'A number of at most this.',
  before: 'An instant before this: ISO 8601 with a zone, or epoch milliseconds.',
  after: 'An instant after this: ISO 8601 with a zone, or epoch milliseconds.',
  semver: "A version in this range, in npm's syntax: >=2.1.0 <3.",
  cidr: 'An address in this block: 10.0.0.0/8.',
  exists: 'Whether the attribute is there.',
}

/** What a property means beside `flag`, where it means something else than elsewhere. */
const inPrerequisite: Readonly<Record<string, string>> = {
  variants: 'The variants of that flag that are good enough.',
}

/** Gives every property in a schema, at any depth, its text. */
export function describeProperties(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  const { properties } = node as Node
  for (const [name, property] of Object.entries(properties ?? {})) {
    const own = properties !== undefined && 'flag' in properties ? inPrerequisite[name] : undefined
    describe(property as Node, own ?? texts[name])
  }
  for (const each of Object.values(node)) describeProperties(each)
}

/** A reference has no room for a text beside it: draft 7 reads nothing there. */
function describe(property: Node, description: string | undefined): void {
  if (description === undefined) return
  const { $ref } = property
  if ($ref === undefined) {
    property.description = description
    return
  }
  delete property.$ref
  Object.assign(property, { description, allOf: [{ $ref }] })
}
