/** A key that one object of a JSON text names twice. */
export interface DuplicateKey {
  readonly key: string
  /** Where its second mention begins, counted from 1. */
  readonly line: number
}

/**
 * Finds a key that stands twice in one object: `JSON.parse` would silently keep the last.
 *
 * @param text JSON that `JSON.parse` accepts; the scan relies on it being well-formed.
 */
export function findDuplicateKey(text: string): DuplicateKey | undefined {
  // One set of keys per open object; undefined for an open list.
  const open: (Set<string> | undefined)[] = []
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs
  for (const token of text.matchAll(tokens)) {
    const [found, colon] = token
    if (found === '{') open.push(new Set())
    else if (found === '[') open.push(undefined)
    else if (found === '}' || found === ']') open.pop()
    else if (colon !== undefined) {
      const key = JSON.parse(found.slice(0, -colon.length)) as string
      const keys = open.at(-1)
      if (keys?.has(key)) return { key, line: text.slice(0, token.index).split('\n').length }
      keys?.add(key)
    }
  }
  return undefined
}
