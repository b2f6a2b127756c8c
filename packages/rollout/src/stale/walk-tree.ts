import type { SyntaxNode } from './source-parser.ts'

/** Whether a value is a node of the tree. */
export function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'
  )
}

/**
 * Visits every node, parents first, in the order of the text. Without recursion: sources may nest as deep as they like.
 *
 * @param visit May return `skip` to pass over what is inside.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: most visitors return nothing.
export function walkTree(tree: SyntaxNode, visit: (node: SyntaxNode) => 'skip' | void): void {
  const waiting: unknown[] = [tree]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (!isNode(next)) continue
    if (visit(next) === 'skip') continue
    const inside: unknown[] = []
    for (const [field, value] of Object.entries(next)) {
      if (field === 'loc' || field === 'errors' || field === 'extra') continue
      // Not by spreading: a list may be longer than a call has room for.
      if (Array.isArray(value)) for (const each of value) inside.push(each)
      else if (isNode(value)) inside.push(value)
    }
    for (const each of inside.reverse()) waiting.push(each)
  }
}
