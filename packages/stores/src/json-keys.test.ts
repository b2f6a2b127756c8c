import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDefinitionText } from './definition-text.ts'
import { findDuplicateKey } from './json-keys.ts'

describe('findDuplicateKey', () => {
  it.each([
    ['{}', undefined],
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}', undefined],
    ['["a","a"]', undefined],
    ['{"a":"b","b":"a"}', undefined],
    ['{"a":1,"a":2}', { key: 'a', line: 1 }],
    ['{"a":1,\n "b":{"x":1,\n  "x":2}}', { key: 'x', line: 3 }],
    ['[{"a":1},{"b":{},"b":[]}]', { key: 'b', line: 1 }],
    [String.raw`{"a":1,"\u0061":2}`, { key: 'a', line: 1 }],
    [String.raw`{"\\":1,"\"":2,"\\\"":3}`, undefined],
    [String.raw`{"a\\":1,"a\\":2}`, { key: 'a\\', line: 1 }],
    [String.raw`{"x":"\\","y":"{\"x\":1,","y2":"\\\"}"}`, undefined],
    ['{"__proto__":1,"__proto__":2}', { key: '__proto__', line: 1 }],
    ['{"a":{"b":1},"a"\t\r\n :2}', { key: 'a', line: 1 }],
  ])('finds in %s: %j', (text, found) => {
    JSON.parse(text)
    expect(findDuplicateKey(text)).toEqual(found)
  })

  it('finds the first repeated key of any JSON, however it is written', () => {
    fc.assert(
      fc.property(tree, fc.infiniteStream(fc.nat({ max: 5 })), (node, style) => {
        const text = print(node, style)
        const [expected] = repeats(node)
        expect(findDuplicateKey(text)?.key).toBe(expected)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each(['{"a', '{"a\\', '{"a\\"', '"', '}]', '{"a":'])(
    'ends on %s, which is no JSON',
    (text) => {
      expect(findDuplicateKey(text)).toBeUndefined()
    },
  )

  it('walks texts of many megabytes', () => {
    const long = JSON.stringify({ a: 'x'.repeat(4_000_000), b: '\\"\n'.repeat(500_000) })
    expect(findDuplicateKey(long)).toBeUndefined()
    expect(findDuplicateKey(`${long.slice(0, -1)},"a":1}`)).toMatchObject({ key: 'a' })
    const flag = JSON.stringify({ description: 'x'.repeat(9_000_000) })
    const text = `{"version":1,"flags":{"a":${flag}}}`
    expect(Object.keys(parseDefinitionText(text, 'here').flags)).toEqual(['a'])
  })
})

/** JSON that may name a key twice, as JavaScript's objects cannot. */
type Tree =
  | { readonly kind: 'leaf'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Tree])[] }

const key = fc.oneof(
  fc.constantFrom('a', 'b', '"', '\\', '\\"', '{', '}', ':', '":', '__proto__', 'é', '😀', ''),
  fc.string({ unit: 'grapheme', maxLength: 3 }),
)

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({
      kind: fc.constant('leaf' as const),
      value: fc.oneof(key, fc.integer(), fc.boolean(), fc.constant(null)),
    }),
    fc.record({
      kind: fc.constant('list' as const),
      items: fc.array(tie('tree'), { maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('object' as const),
      members: fc.array(fc.tuple(key, tie('tree')), { maxLength: 5 }),
    }),
  ),
}))

/** The repeated keys in the order in which a reader meets their second mention. */
function repeats(node: Tree): string[] {
  if (node.kind === 'leaf') return []
  if (node.kind === 'list') return node.items.flatMap(repeats)
  const names = node.members.map(([name]) => name)
  return node.members.flatMap(([name, value], index) => [
    ...(names.indexOf(name) < index ? [name] : []),
    ...repeats(value),
  ])
}

/** Writes a tree as JSON, with spaces and escapes as the style says. */
function print(node: Tree, style: Iterator<number>): string {
  const next = () => style.next().value as number
  const gap = () => ['', '', ' ', '\n', '\t\r\n'][next()] ?? ''
  const text = (value: string) => {
    const isEscaped = next() > 2
    return isEscaped ? `"${[...value].map(escapeUnits).join('')}"` : JSON.stringify(value)
  }
  const write = (each: Tree): string => {
    if (each.kind === 'leaf') {
      return typeof each.value === 'string' ? text(each.value) : String(each.value)
    }
    const parts =
      each.kind === 'list'
        ? each.items.map(write)
        : each.members.map(([name, value]) => `${text(name)}${gap()}:${gap()}${write(value)}`)
    const inner = parts.map((part) => `${gap()}${part}${gap()}`).join(',')
    return each.kind === 'list' ? `[${inner}]` : `{${inner}}`
  }
  return write(node)
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}
