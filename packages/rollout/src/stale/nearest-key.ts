/** Further away than this a key is no misspelling. */
const furthest = 3

/** Longer keys are not compared: it costs the product of their lengths. */
const longest = 64

/** The known key with the fewest edits to another, case apart; undefined where none is near. */
export function nearestKey(key: string, known: Iterable<string>): string | undefined {
  if (key.length > longest) return undefined
  let nearest: string | undefined
  let fewest = Math.min(furthest, Math.floor(key.length / 2)) + 1
  for (const each of known) {
    if (Math.abs(each.length - key.length) >= fewest) continue
    const edits = countEdits(key.toLowerCase(), each.toLowerCase())
    if (edits >= fewest) continue
    fewest = edits
    nearest = each
  }
  return nearest
}

/** Levenshtein's distance, one row at a time. */
function countEdits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let line = 1; line <= one.length; line++) {
    const next = [line]
    for (let column = 1; column <= other.length; column++) {
      const swap = (row[column - 1] ?? 0) + (one[line - 1] === other[column - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
