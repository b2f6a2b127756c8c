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
  // A regular expression over whole strings would exhaust its stack on one of some megabytes.
  const marks = /["{}[\]]/g
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const start = mark.index
    switch (mark[0]) {
      case '{':
        open.push(new Set())
        break
      case '[':
        open.push(undefined)
        break
      case '"': {
        const end = endOfString(text, start)
        marks.lastIndex = end
        const keys = open.at(-1)
        if (keys === undefined || !isBeforeColon(text, end)) break
        const key = JSON.parse(text.slice(start, end)) as string
        if (keys.has(key)) return { key, line: lineAt(text, start) }
        keys.add(key)
        break
      }
      default:
        open.pop()
    }
  }
  return undefined
}

/** The position after the closing quote. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  // Only in text that is no JSON; even there the scan ends.
  return end === -1 ? text.length : end + 1
}

/** An odd number of backslashes before it: pairs of them are characters of the text. */
function isEscaped(text: string, quote: number): boolean {
  let first = quote
  while (text[first - 1] === '\\') first -= 1
  return (quote - first) % 2 === 1
}

function isBeforeColon(text: string, end: number): boolean {
  let next = end
  while (' \t\r\n'.includes(text[next] ?? '-')) next += 1
  return text[next] === ':'
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
