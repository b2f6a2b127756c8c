import { nameOf, readConstants, type TextAt } from './constant-strings.ts'
import type { SyntaxNode } from './source-parser.ts'
import { isNode, walkTree } from './walk-tree.ts'

/** What a file says about flags, before it is compared with those that are defined. */
export type Finding =
  | { readonly kind: 'use'; readonly key: string; readonly node: SyntaxNode }
  /** A key that counts only where such a flag is defined: the call may be about something else. */
  | { readonly kind: 'likely_use'; readonly key: string; readonly node: SyntaxNode }
  | { readonly kind: 'mention'; readonly key: string; readonly node: SyntaxNode }
  | { readonly kind: 'dynamic'; readonly node: SyntaxNode }

/** Which names stand for flags, beside those that a file binds itself. */
export interface FlagNames {
  /** Variables that hold flags, for `featureFlags.newCheckout`. */
  readonly receivers: readonly string[]
  /** Functions of the application whose first argument is a key. */
  readonly functions: readonly string[]
}

/** Nothing else has these names and takes a text first: those of this SDK and of OpenFeature. */
const certain: readonly string[] = [
  'isEnabled',
  'guarded',
  ...['Boolean', 'String', 'Number', 'Object'].flatMap((type) => [
    `get${type}Value`,
    `get${type}Details`,
  ]),
]
/** Schemas, databases and browsers have these too. With how many arguments they may be ours. */
const ambiguous: ReadonlyMap<string, number> = new Map([
  ['boolean', 3],
  ['string', 3],
  ['number', 3],
  ['object', 3],
  ['evaluate', 1],
  ['explain', 1],
  ['variant', 1],
])
/** Calls whose result holds flags. */
const makers: readonly string[] = ['defineFlags', 'createFlagSet', 'openFlags']
/** What clients are called. Their methods may be read off them, their properties not: other things have flags too. */
const clients: readonly string[] = ['flags', 'flagClient']

/**
 * A test of a file's text: whether anything in it can be about flags. A syntax tree costs a hundred times the text, and
 * most files have nothing to do with flags.
 */
export function createTextTest(
  names: FlagNames,
  flags: Iterable<string>,
): (text: string) => boolean {
  const words = [
    ...certain,
    ...makers,
    ...clients,
    ...names.receivers,
    ...names.functions,
    ...flags,
  ]
  const escaped = words
    .filter((word) => word !== '')
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const any = new RegExp(escaped.join('|'), 'u')
  return (text) => any.test(text)
}

/** Finds the uses of flags in a file's syntax tree. Pure. */
export function findUses(tree: SyntaxNode, names: FlagNames): Finding[] {
  const read = readConstants(tree)
  const receivers = new Set([...names.receivers, ...boundReceivers(tree)])
  const findings: Finding[] = []
  const notMentions = new Set<unknown>()

  const take = (texts: readonly TextAt[] | undefined, node: SyntaxNode, isCertain: boolean) => {
    if (texts === undefined) {
      if (isCertain) findings.push({ kind: 'dynamic', node })
      return
    }
    for (const { text } of texts) {
      findings.push({ kind: isCertain ? 'use' : 'likely_use', key: text, node })
    }
  }

  const isReceiver = (node: unknown, isCalled = false): boolean => {
    const inner = unwrap(node)
    if (inner === undefined) return false
    const name = inner.type === 'Identifier' ? inner.name : nameOf(inner.property)
    return typeof name === 'string' && (receivers.has(name) || (isCalled && clients.includes(name)))
  }

  const takeCall = (node: SyntaxNode): void => {
    const [key] = node.arguments as unknown[]
    const callee = unwrap(node.callee)
    if (callee === undefined) return
    notMentions.add(callee)
    if (key === undefined) return
    const isMember = isMemberAccess(callee)
    const name = nameOf(isMember ? callee.property : callee)
    if (name === undefined) return
    if (certain.includes(name) || (!isMember && names.functions.includes(name))) {
      take(read(key), node, true)
    } else if (isMember && (node.arguments as unknown[]).length >= (ambiguous.get(name) ?? 1e9)) {
      take(read(key), node, isReceiver(callee.object, true))
    }
  }

  /** `featureFlags.newCheckout`, unless it is called: then it is a method. */
  const takeAccess = (node: SyntaxNode): void => {
    if (notMentions.has(node) || !isReceiver(node.object)) return
    const texts = node.computed === true ? read(node.property) : undefined
    if (node.computed === true) take(texts, node, true)
    else if (nameOf(node.property) !== undefined) {
      findings.push({ kind: 'use', key: nameOf(node.property) as string, node })
    }
  }

  /** `const { newCheckout } = featureFlags`. Methods are taken out in the same way. */
  const takePattern = ({ id, init }: SyntaxNode): void => {
    if (!isNode(id) || id.type !== 'ObjectPattern' || !isReceiver(init)) return
    for (const property of id.properties as SyntaxNode[]) {
      const key = property.type === 'ObjectProperty' ? nameOf(property.key) : undefined
      if (key !== undefined) findings.push({ kind: 'likely_use', key, node: property })
    }
  }

  walkTree(tree, (node) => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return 'skip'
      case 'CallExpression':
      case 'OptionalCallExpression':
        takeCall(node)
        return
      case 'MemberExpression':
      case 'OptionalMemberExpression':
        takeAccess(node)
        return
      case 'VariableDeclarator':
        takePattern(node)
        return
      case 'ObjectProperty':
      case 'ObjectMethod':
      case 'ClassProperty':
      case 'TSPropertySignature':
        // The name of a property defines; it does not ask.
        if (node.computed !== true) notMentions.add(node.key)
        return
      case 'StringLiteral':
        if (!notMentions.has(node)) {
          findings.push({ kind: 'mention', key: node.value as string, node })
        }
        return
      case 'TemplateLiteral':
        for (const { text } of read(node) ?? []) findings.push({ kind: 'mention', key: text, node })
        return
    }
  })
  return findings
}

/** Names that the file gives to what `defineFlags`, `createFlagSet` or `openFlags` answer. */
function boundReceivers(tree: SyntaxNode): string[] {
  const bound: string[] = []
  walkTree(tree, ({ type, id, init }) => {
    if (type !== 'VariableDeclarator' || !isNode(id) || id.type !== 'Identifier') return
    const made = unwrap(init)
    if (made?.type !== 'CallExpression') return
    const callee = unwrap(made.callee)
    if (callee === undefined) return
    const name = nameOf(isMemberAccess(callee) ? callee.property : callee)
    if (name !== undefined && makers.includes(name)) bound.push(id.name as string)
  })
  return bound
}

function isMemberAccess({ type }: SyntaxNode): boolean {
  return type === 'MemberExpression' || type === 'OptionalMemberExpression'
}

/** The expression without `await`, casts and brackets around it. */
function unwrap(node: unknown): SyntaxNode | undefined {
  let inner = node
  while (isNode(inner)) {
    if (inner.type === 'AwaitExpression') inner = inner.argument
    else if (/^(?:TS(?:As|Satisfies|NonNull)|Parenthesized)Expression$/.test(inner.type)) {
      inner = inner.expression
    } else return inner
  }
  return undefined
}
