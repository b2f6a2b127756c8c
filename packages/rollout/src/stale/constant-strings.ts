import type { SyntaxNode } from './source-parser.ts'
import { isNode, walkTree } from './walk-tree.ts'

/**
 * The texts that an expression may be, where that can be read off the file: literals, templates without expressions,
 * `a ? b : c` of those, and constants. Undefined where only the running program knows.
 */
export type ReadTexts = (expression: unknown) => readonly TextAt[] | undefined

/** A text, and the literal that it is written as. */
export interface TextAt {
  readonly text: string
  readonly node: SyntaxNode
}

/**
 * Collects a file's constants.
 *
 * A name that is declared more than once in the file, in whatever scope, is not followed: which one is meant would be a
 * guess.
 */
export function readConstants(tree: SyntaxNode): ReadTexts {
  const constants = new Map<string, unknown>()
  const declared = new Map<string, number>()
  const declare = (pattern: unknown): void => {
    for (const name of namesIn(pattern)) declared.set(name, (declared.get(name) ?? 0) + 1)
  }
  walkTree(tree, (node) => {
    const { type, id, init, params, param, local, kind, declarations } = node
    if (type === 'VariableDeclaration' && kind === 'const') {
      for (const each of declarations as SyntaxNode[]) {
        if (isNode(each.id) && each.id.type === 'Identifier') {
          constants.set(each.id.name as string, each.init)
        }
      }
    }
    if (type === 'VariableDeclarator' && (init !== undefined || isNode(id))) declare(id)
    if (type.startsWith('Import') && isNode(local)) declare(local)
    if (type === 'CatchClause') declare(param)
    if (Array.isArray(params)) for (const each of params) declare(each)
    if (/^(?:Function|Class|TSEnum)(?:Declaration|Expression)$/.test(type)) declare(id)
  })

  function read(expression: unknown, depth: number): readonly TextAt[] | undefined {
    if (!isNode(expression) || depth > 8) return undefined
    const node = expression
    switch (node.type) {
      case 'StringLiteral':
        return [{ text: node.value as string, node }]
      case 'TemplateLiteral':
        return readTemplate(node)
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'TSNonNullExpression':
      case 'TSTypeAssertion':
      case 'TypeCastExpression':
      case 'ParenthesizedExpression':
        return read(node.expression, depth + 1)
      case 'ConditionalExpression': {
        const [yes, no] = [read(node.consequent, depth + 1), read(node.alternate, depth + 1)]
        return yes === undefined || no === undefined ? undefined : [...yes, ...no]
      }
      case 'Identifier': {
        const name = node.name as string
        if (declared.get(name) !== 1 || !constants.has(name)) return undefined
        return read(constants.get(name), depth + 1)
      }
      case 'MemberExpression':
      case 'OptionalMemberExpression':
        return read(memberOf(node, depth), depth + 1)
      default:
        return undefined
    }
  }

  /** What a constant object holds under a plain name. */
  function memberOf({ object, property, computed }: SyntaxNode, depth: number): unknown {
    if (computed === true || !isNode(object) || object.type !== 'Identifier' || depth > 8) return
    const name = object.name as string
    if (declared.get(name) !== 1) return undefined
    let holder = constants.get(name)
    while (isNode(holder) && /^TS(?:As|Satisfies)Expression$/.test(holder.type)) {
      holder = holder.expression
    }
    if (!isNode(holder) || holder.type !== 'ObjectExpression') return undefined
    const members = holder.properties as SyntaxNode[]
    // A spread may bring the same name.
    if (members.some(({ type }) => type !== 'ObjectProperty')) return undefined
    const wanted = (property as SyntaxNode).name
    const found = members.filter(
      ({ key, computed: isComputed }) => isComputed !== true && nameOf(key) === wanted,
    )
    return found.length === 1 ? found[0]?.value : undefined
  }

  return (expression) => read(expression, 0)
}

function readTemplate(node: SyntaxNode): readonly TextAt[] | undefined {
  const quasis = node.quasis as { value: { cooked?: string | null } }[]
  const text = quasis[0]?.value.cooked
  if (quasis.length !== 1 || typeof text !== 'string') return undefined
  return [{ text, node }]
}

/** The plain name of a property's key, quoted or not. */
export function nameOf(key: unknown): string | undefined {
  if (!isNode(key)) return undefined
  if (key.type === 'Identifier') return key.name as string
  return key.type === 'StringLiteral' ? (key.value as string) : undefined
}

/** The names that a pattern binds. */
function namesIn(pattern: unknown): string[] {
  if (!isNode(pattern)) return []
  const { type, name, left, argument, elements, properties, value, parameter } = pattern
  if (type === 'Identifier') return [name as string]
  if (type === 'AssignmentPattern') return namesIn(left)
  if (type === 'RestElement') return namesIn(argument)
  if (type === 'TSParameterProperty') return namesIn(parameter)
  if (type === 'ArrayPattern') return (elements as unknown[]).flatMap(namesIn)
  if (type === 'ObjectPattern') return (properties as unknown[]).flatMap(namesIn)
  return type === 'ObjectProperty' ? namesIn(value) : []
}
