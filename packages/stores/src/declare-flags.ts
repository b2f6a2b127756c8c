import { type FlagDefinition, type FlagDefinitions, type Json, SluiceError } from '@sluice/core'

/** What is written around the flags. */
export interface DeclareFlagsOptions {
  /** The name of the exported type: an identifier that begins with a capital letter. Default `AppFlags`. */
  readonly name?: string
  /** Where the definitions came from, for the comment at the top; a path as people type it. */
  readonly origin?: string
}

const identifier = /^[A-Za-z_$][\w$]*$/
/** No name with a capital letter is reserved, as `class` and `string` are. */
const typeName = /^[A-Z][\w$]*$/

/**
 * Declares definitions as a TypeScript type, for applications that ask flags of a file:
 * `openFlags<AppFlags>({ definitionsFrom: 'flags.yaml' })` then knows every key, and what each flag answers.
 *
 * The keys of flags and the names of variants are literal. Values are the types they have, not the values themselves:
 * those may change while the application runs. The same definitions give the same text, in whatever order they are written.
 *
 * @param definitions Trusted: parse foreign ones first, by `parseDefinitionText(text, path).flags`.
 * @returns A module, with a newline at its end. It imports nothing and is a `.ts` and a `.d.ts` file alike.
 * @throws SluiceError `invalid_option` for another name.
 */
export function declareFlags(
  definitions: FlagDefinitions,
  options: DeclareFlagsOptions = {},
): string {
  const { name = 'AppFlags', origin } = options
  if (!typeName.test(name)) {
    throw new SluiceError(
      'invalid_option',
      `name must be letters and digits, and begin with a capital letter, such as AppFlags; found ${JSON.stringify(name)}`,
      { expected: 'a name that begins with a capital letter', found: name },
    )
  }
  const from = origin === undefined ? '' : ` of ${commented(origin)}`
  const members = sortedEntries(definitions).map(([key, each]) => declareFlag(key, each))
  // A type, not an interface: interfaces have no index signature, which definitions by key need.
  return [
    `/** The flags${from}. Written by \`sluice types\`: change the definitions, not this file. */`,
    members.length === 0
      ? `export type ${name} = { readonly [key: string]: never }`
      : `export type ${name} = {\n${members.join('')}}`,
    '',
  ].join('\n')
}

function declareFlag(key: string, definition: FlagDefinition): string {
  const variants = definition.variants ?? { on: true, off: false }
  const members = sortedEntries(variants).map(
    ([name, value]) => `      readonly ${property(name)}: ${typeOf(value)}\n`,
  )
  return [
    commentOf(definition),
    `  readonly ${property(key)}: {\n`,
    `    readonly variants: {\n${members.join('')}    }\n`,
    '  }\n',
  ].join('')
}

/** What an editor shows beside the key. */
function commentOf({ description, kind, owner, expiresAt }: FlagDefinition): string {
  const facts = [
    kind === undefined ? undefined : `Kind: ${kind}.`,
    owner === undefined ? undefined : `Owner: ${owner}.`,
    expiresAt === undefined ? undefined : `Expires: ${expiresAt}.`,
  ]
  const lines = [description, facts.filter((fact) => fact !== undefined).join(' ')]
    .map((line) => commented(line ?? ''))
    .filter((line) => line !== '')
  if (lines.length === 0) return ''
  return `  /**\n${lines.map((line) => `   * ${line}\n`).join('')}   */\n`
}

/** A text on one line of a comment, which it cannot end. */
function commented(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().replaceAll('*/', '*\\/')
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  if (isList(value)) return `readonly ${union(value.map(typeOf))}[]`
  if (typeof value !== 'object') return typeof value
  const members = sortedEntries(value).map(
    ([name, each]) => `readonly ${property(name)}: ${typeOf(each)}`,
  )
  return members.length === 0 ? '{ readonly [key: string]: never }' : `{ ${members.join('; ')} }`
}

/** The type of a list's items; of an empty list, nobody knows. */
function union(types: readonly string[]): string {
  const [first = 'never', ...others] = [...new Set(types)].sort()
  if (others.length > 0) return `(${[first, ...others].join(' | ')})`
  // `readonly` binds weaker than the brackets of a list.
  return first.startsWith('readonly ') ? `(${first})` : first
}

function property(name: string): string {
  if (identifier.test(name)) return name
  return `'${JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** By code unit, and not as some locale sorts. */
function sortedEntries<T>(record: { readonly [name: string]: T }): [name: string, value: T][] {
  return Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1))
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
