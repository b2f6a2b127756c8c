import { nameOf, readConstants, type TextAt } from './constant-strings.ts'
import type { FlagWord } from './flag-words.ts'
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

/**
 * Finds the uses of flags in a file's syntax tree. Pure.
 *
 * @param wordsOf The keys of flags that a text names.
 */
export function findUses(
  tree: SyntaxNode,
  names: FlagNames,
  wordsOf: (text: string) => Iterable<FlagWord>,
): Finding[] {
  const read = readConstants(tree)
  const receivers = new Set([...names.receivers, ...boundReceivers(tree)])
  const callers = new Set(clients)
  addAliases(tree, receivers, callers)
  const findings: Finding[] = []
  const notMentions = new Set<unknown>()
  const takenPatterns = new Set<unknown>()
  const inPatterns = new Set<unknown>()

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
    return typeof name === 'string' && (receivers.has(name) || (isCalled && callers.has(name)))
  }

  const isQuestion = (name: string | undefined): boolean =>
    name !== undefined && (certain.includes(name) || names.functions.includes(name))

  const takeCall = (node: SyntaxNode): void => {
    const [key] = node.arguments as unknown[]
    const callee = unwrap(node.callee)
    if (callee === undefined) return
    notMentions.add(callee)
    const isMember = isMemberAccess(callee)
    const name = nameOf(isMember ? callee.property : callee)
    for (const argument of node.arguments as unknown[]) takeHandedOn(argument)
    if (isMember && ['bind', 'call', 'apply'].includes(name ?? '')) takeHandedOn(callee.object)
    if (key === undefined) return
    if (name === undefined) return
    if (isQuestion(name)) {
      take(read(key), node, true)
    } else if (isMember && (node.arguments as unknown[]).length >= (ambiguous.get(name) ?? 1e9)) {
      take(read(key), node, isReceiver(callee.object, true))
    }
  }

  /** A question that is handed on, as in `keys.filter(flags.isEnabled)`: who asks it, and of what, is not seen here. */
  const takeHandedOn = (argument: unknown): void => {
    const node = unwrap(argument)
    if (node === undefined || notMentions.has(node)) return
    const name = nameOf(isMemberAccess(node) ? node.property : node)
    if (node.type === 'StringLiteral' || !isQuestion(name)) return
    notMentions.add(node)
    findings.push({ kind: 'dynamic', node })
  }

  /** `featureFlags.newCheckout`, unless it is called: then it is a method. */
  const takeAccess = (node: SyntaxNode): void => {
    if (notMentions.has(node)) return
    const name = node.computed === true ? undefined : nameOf(node.property)
    if (isQuestion(name) && isReceiver(node.object, true)) takeHandedOn(node)
    if (!isReceiver(node.object)) {
      // What holds flags may have any name by the time it comes here.
      if (name !== undefined) findings.push({ kind: 'mention', key: name, node })
      return
    }
    const texts = node.computed === true ? read(node.property) : undefined
    if (node.computed === true) take(texts, node, true)
    else if (name !== undefined && !isQuestion(name))
      findings.push({ kind: 'use', key: name, node })
  }

  /** `const { newCheckout } = featureFlags`. Methods are taken out in the same way. */
  const takePattern = (pattern: SyntaxNode, from: unknown): void => {
    const kind = isReceiver(from) ? 'likely_use' : 'mention'
    for (const property of pattern.properties as SyntaxNode[]) {
      if (property.type !== 'ObjectProperty') continue
      notMentions.add(property.key)
      const key = property.computed === true ? undefined : nameOf(property.key)
      if (key === undefined) continue
      // Under another name it is called where nobody can tell what it is.
      if (isQuestion(key) && boundName(property.value) !== key) {
        findings.push({ kind: 'dynamic', node: property })
      }
      findings.push({ kind, key, node: property })
    }
  }

  /** A key with a definition behind it is where the flag is made. Anything else may be looked up by the key. */
  const takeProperty = ({ key, value, computed }: SyntaxNode): void => {
    if (computed === true) return
    notMentions.add(key)
    const name = nameOf(key)
    const isDefinition = isNode(value) && unwrap(value)?.type === 'ObjectExpression'
    if (name === undefined || isDefinition) return
    findings.push({ kind: 'mention', key: name, node: key as SyntaxNode })
  }

  /** A text that names a flag among other words, as a list in one text does. */
  const takeText = (text: string, node: SyntaxNode): void => {
    for (const { key } of wordsOf(text)) findings.push({ kind: 'mention', key, node })
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
      case 'AssignmentExpression': {
        const [target, from] =
          node.type === 'VariableDeclarator' ? [node.id, node.init] : [node.left, node.right]
        if (isNode(target) && target.type === 'ObjectPattern') {
          takenPatterns.add(target)
          takePattern(target, from)
        }
        return
      }
      case 'ObjectPattern':
        if (!takenPatterns.has(node)) takePattern(node, undefined)
        for (const property of node.properties as SyntaxNode[]) inPatterns.add(property)
        return
      case 'ObjectProperty':
        if (!inPatterns.has(node)) takeProperty(node)
        return
      case 'ObjectMethod':
      case 'ClassProperty':
      case 'TSPropertySignature':
        // The name of a property defines; it does not ask.
        if (node.computed !== true) notMentions.add(node.key)
        return
      case 'StringLiteral':
        if (!notMentions.has(node)) takeText(node.value as string, node)
        return
      case 'JSXText':
        takeText(node.value as string, node)
        return
      case 'TemplateElement': {
        const { cooked } = node.value as { cooked?: string | null }
        takeText(cooked ?? '', node)
        return
      }
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

/** Adds the other names that a file gives to what holds flags, and to clients: by import, `require` and assignment. */
function addAliases(tree: SyntaxNode, receivers: Set<string>, callers: Set<string>): void {
  const add = (from: unknown, to: unknown): void => {
    const [name, alias] = [nameOf(from), nameOf(to)]
    // What a module hands out holds other things, too.
    if (name === undefined || alias === undefined || alias === 'exports') return
    if (receivers.has(name)) receivers.add(alias)
    if (callers.has(name)) callers.add(alias)
  }
  walkTree(tree, ({ type, imported, local, id, init, left, right, properties }) => {
    if (type === 'ImportSpecifier') add(imported, local)
    else if (type === 'VariableDeclarator') add(lastName(init), id)
    else if (type === 'AssignmentExpression') add(lastName(right), lastName(left))
    else if (type === 'ObjectPattern') {
      for (const { type: kind, key, value } of properties as SyntaxNode[]) {
        if (kind === 'ObjectProperty') add(key, value)
      }
    }
  })
}

/** `a.b.flags` and `flags` are both called flags. */
function lastName(node: unknown): unknown {
  const inner = unwrap(node)
  return inner !== undefined && isMemberAccess(inner) && inner.computed !== true
    ? inner.property
    : inner
}

/** The variable that a property of a pattern binds. */
function boundName(value: unknown): string | undefined {
  if (!isNode(value)) return undefined
  return nameOf(value.type === 'AssignmentPattern' ? value.left : value)
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
