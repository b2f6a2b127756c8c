import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSluiceError, type JsonObject } from '@sluice/core'
import { documentJsonSchema, parseDocument } from '@sluice/core/schema'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { definitions, segments } from './arbitraries/definitions.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const schema = documentJsonSchema()
const validate = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(
  schema,
)

/** The code of the error that parsing a document ends with, if any. */
function refusalOf(document: unknown): string | undefined {
  try {
    parseDocument(document)
    return undefined
  } catch (error) {
    if (!isSluiceError(error)) throw error
    return `${error.code} ${error.message}`
  }
}

/** What takes a sum, a syntax of its own, a calendar, or a look at another place. */
const beyondSchema = [
  /^missing_/,
  /^nothing_to_serve/,
  /^cycle/,
  /^too_costly/,
  /weights must sum to 100/,
  /RE2 syntax/,
  /version range/,
  /address block/,
  /must end after it begins/,
  /fullAt needs a from before it/,
  /must be ISO 8601/,
]

describe('the JSON Schema of definitions', () => {
  // After a change of the schema: npx vitest run -u test/json-schema.test.ts
  it.each(['packages/sdk/flags.schema.json', 'docs/public/flags.schema.json'])(
    'is what %s holds',
    async (path) => {
      await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(join(root, path))
    },
  )

  it('says of every property what it means', () => {
    const silent: string[] = []
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      const { properties = {} } = node as { properties?: Record<string, JsonObject> }
      for (const [name, each] of Object.entries(properties)) {
        if (typeof each.description !== 'string') silent.push(`${path}/${name}`)
      }
      for (const [name, each] of Object.entries(node)) walk(each, `${path}/${name}`)
    }
    walk(schema, '')
    expect(silent).toEqual([])
  })

  it('accepts every definition of the documents and examples', () => {
    const found = shown()
    expect(found.map(({ place }) => place)).toContain('docs/flags.md')
    for (const { place, document } of found) {
      expect(refusalOf(document), place).toBeUndefined()
      expect([place, validate(document), validate.errors]).toEqual([place, true, null])
    }
  })

  it('marks nothing that is taken, and all that is refused but what a schema cannot say', () => {
    fc.assert(
      fc.property(definitions, segments, change, (flags, named, { at, to }) => {
        const document = { version: 1, flags, segments: named }
        expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
        const changed = changedAt(document, at, to)
        const refusal = refusalOf(changed)
        const isMarked = !validate(changed)
        const isBeyond = beyondSchema.some((each) => each.test(refusal ?? ''))
        // A document with a fault that a schema cannot see may have another that it sees.
        if (!isBeyond) expect([isMarked, refusal]).toEqual([refusal !== undefined, refusal])
        else expect(refusal).toBeDefined()
      }),
      { numRuns: process.env.SLUICE_LONG === undefined ? 500 : 100_000 },
    )
  })

  it.each(Object.entries(faulty()))('marks %s, as parsing refuses it', (_, document) => {
    expect(refusalOf(document)).toBeDefined()
    expect(validate(document)).toBe(false)
  })

  it.each(Object.entries(unseen()))('lets %s pass, which parsing refuses', (_, document) => {
    expect(beyondSchema.some((each) => each.test(refusalOf(document) ?? ''))).toBe(true)
    expect(validate(document)).toBe(true)
  })

  it('may be named in a document', () => {
    const document = {
      $schema: './node_modules/@sluice/sdk/flags.schema.json',
      version: 1,
      flags: {},
    }
    expect(refusalOf(document)).toBeUndefined()
    expect(validate(document)).toBe(true)
    expect(parseDocument(document)).toEqual({ version: 1, flags: {}, segments: {} })
  })
})

const flag = (definition: unknown) => ({ version: 1, flags: { a: definition } })
const condition = (given: unknown) => ({ version: 1, segments: { s: given } })

function faulty(): Record<string, unknown> {
  return {
    'no version': { flags: {} },
    'another version': { version: 2, flags: {} },
    'a property at the top': { version: 1, flag: {} },
    'an empty flag in YAML': flag(null),
    'an empty key': { version: 1, flags: { '': {} } },
    'a key of 201 characters': { version: 1, flags: { ['k'.repeat(201)]: {} } },
    'a key with a control character': { version: 1, flags: { 'a\nb': {} } },
    'a misspelt property': flag({ enable: true }),
    'a misspelt property of an environment': flag({ environments: { staging: { rolout: 5 } } }),
    'an environment by its short name': flag({ environments: ['prod'] }),
    'settings by a short name': flag({ environments: { dev: {} } }),
    'a rollout above 100': flag({ rollout: 101 }),
    'a rollout as a text': flag({ rollout: '5' }),
    'a kind that is none': flag({ kind: 'temporary' }),
    'no variants': flag({ variants: {} }),
    'variants of two types': flag({ variants: { on: true, off: 'no' } }),
    'a variant named by a number': flag({ variants: { 1: 'a' } }),
    'a split of nothing': flag({ split: {} }),
    'a rule without a condition': flag({ rules: [{ serve: 'on' }] }),
    'a rule that goes elsewhere': flag({ rules: [{ if: { segment: 's' }, otherwise: 'on' }] }),
    'a ramp without a beginning': flag({ schedule: { fullAt: '2026-01-01' } }),
    'a time without a zone': flag({ schedule: { from: '2026-01-01T10:00:00' } }),
    'a day as people write it': flag({ expiresAt: '1 May 2026' }),
    'an instant no date can be at': flag({ schedule: { from: 1e16 } }),
    'a prerequisite without variants': flag({ prerequisites: [{ flag: 'b' }] }),
    'metadata that is a list': flag({ metadata: { a: [1] } }),
    'a condition of no form': condition({}),
    'a condition of two forms': condition({ segment: 's', attribute: 'a', is: 1 }),
    'an attribute without an operator': condition({ attribute: 'a' }),
    'an operator without an attribute': condition({ is: 1 }),
    'an operator beside another form': condition({ segment: 's', is: 1 }),
    'an unknown operator': condition({ attribute: 'a', equals: 1 }),
    'an empty list of values': condition({ attribute: 'a', in: [] }),
    'a fault deep within': condition({ all: [{ any: [{ not: { attribute: 'a', gt: '1' } }] }] }),
    'a pattern of 257 characters': condition({ attribute: 'a', matches: 'a'.repeat(257) }),
  }
}

function unseen(): Record<string, unknown> {
  return {
    'weights that sum to 99': flag({ split: { on: 50, off: 49 } }),
    'a variant that the flag has not': flag({ serve: 'blue' }),
    'a segment that is not there': flag({ rules: [{ if: { segment: 's' } }] }),
    'a prerequisite that is not there': flag({ prerequisites: ['b'] }),
    'a circle': condition({ not: { segment: 's' } }),
    'a pattern that is none': condition({ attribute: 'a', matches: '(' }),
    'a range that is none': condition({ attribute: 'a', semver: 'newest' }),
    'an address that is none': condition({ attribute: 'a', cidr: '10.0.0.0/99' }),
    'a day that its month has not': flag({ expiresAt: '2026-02-30' }),
    'an end before the beginning': flag({ schedule: { from: 2, until: 1 } }),
    'a share with nothing to serve': flag({ rollout: 5, variants: { a: 1 } }),
  }
}

/** Another value at some place of a document, or the place taken away. */
const change = fc.record({
  at: fc.array(fc.nat(40), { minLength: 1, maxLength: 9 }),
  to: fc.constantFrom<unknown>(
    ...[undefined, null, true, 0, -1, 101, '', 'on', 'next', 'prod', '2026-01-01', 'a\tb', [], {}],
    ...[[1], ['a'], [{}], { on: 100 }, { 7: 100 }, { zzz: 1 }, { attribute: 'a', is: 1 }],
    ...[{ from: '2026-01-01' }, { is: 1 }, { flag: 'f0', variants: ['on'] }, { on: true, off: 1 }],
  ),
})

/** Follows `at`, each number a choice among the names there, and puts `to` where it ends or cannot go on. */
function changedAt(document: object, at: readonly number[], to: unknown): unknown {
  const copy = structuredClone(document) as Record<string, unknown>
  let node = copy
  for (const [index, choice] of at.entries()) {
    const names = [...Object.keys(node), ...(Array.isArray(node) ? [] : ['zzz'])]
    const name = names[choice % names.length]
    if (name === undefined) return copy
    const next = node[name]
    if (index === at.length - 1 || typeof next !== 'object' || next === null) {
      if (to !== undefined) node[name] = to
      else if (!Array.isArray(node)) delete node[name]
      return copy
    }
    node = next as Record<string, unknown>
  }
  return copy
}

/** The documents in fenced blocks of the pages, in the examples, and in what `sluice init` writes. */
function shown(): { place: string; document: unknown }[] {
  const names = ['docs', 'examples', 'packages/sdk', 'packages/cli/src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => !/node_modules|dist|\.schema\.json$/.test(name))
      .map((name) => `${folder}/${name}`),
  )
  return names.flatMap((place) => {
    const text = () => readFileSync(join(root, place), 'utf8')
    if (/\.(ya?ml|json)$/.test(place)) return documentsIn(place, [text()])
    if (place.endsWith('.md')) {
      const blocks = text().matchAll(/^ *```(?:ya?ml|json)\n(.*?)^ *```$/gms)
      return documentsIn(
        place,
        [...blocks].map(([, block = '']) => block),
      )
    }
    if (place.endsWith('starter-files.ts')) {
      return documentsIn(place, /flagsText = `(.*?)`/s.exec(text())?.slice(1) ?? [])
    }
    return []
  })
}

function documentsIn(
  place: string,
  texts: readonly string[],
): { place: string; document: unknown }[] {
  return texts
    .map((text) => ({ place, document: parseYaml(text) as Record<string, unknown> | null }))
    .filter(({ document }) => document !== null && typeof document === 'object')
    .filter(({ document }) => document?.version === 1 && 'flags' in document)
}
