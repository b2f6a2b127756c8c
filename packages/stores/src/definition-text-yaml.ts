import { isScalar, LineCounter, type Node, parseDocument, visit, type YAMLMap } from 'yaml'

/** Aliases past this count are an attack that grows a small text without bound. */
const maxAliases = 100

/**
 * Reads YAML 1.2, with JSON within it.
 *
 * @throws Error that names line and column; for two keys of one map that JavaScript cannot tell apart
 * too, and for aliases that would grow the text beyond measure.
 */
export function readYaml(text: string): unknown {
  const lines = new LineCounter()
  // The parser's own search for duplicates takes the square of their number.
  const document = parseDocument(text, {
    uniqueKeys: false,
    lineCounter: lines,
    // Whatever is worth saying is thrown; a library does not write to the console.
    logLevel: 'error',
  })
  const [error] = document.errors
  if (error !== undefined) throw error
  visit(document, {
    Map(_, map) {
      const twice = findTwice(map)
      if (twice === undefined) return
      const { line, col } = lines.linePos(twice.node?.range?.[0] ?? 0)
      throw new Error(
        `the key "${twice.key}" stands twice in one map, again at line ${line}, column ${col}`,
      )
    },
  })
  return document.toJS({ maxAliasCount: maxAliases })
}

function findTwice(map: YAMLMap): { key: string; node: Node | undefined } | undefined {
  const keys = new Set<string>()
  for (const { key: node } of map.items) {
    if (!isScalar(node)) continue
    // 1 and "1" are different in YAML and the same property of an object.
    const key = String(node.value ?? '')
    if (keys.has(key)) return { key, node }
    keys.add(key)
  }
  return undefined
}
