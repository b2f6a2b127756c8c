/** Further away than this a name is no misspelling. */
const furthest = 3

/** The known name with the fewest edits to `name`, to offer instead of a misspelling. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  // Longer input is no misspelling of a short name, and comparing it would cost its square.
  if (name.length > 64) return undefined
  let best: string | undefined
  let bestEdits = Math.min(furthest, Math.floor(name.length / 2)) + 1
  for (const each of known) {
    if (Math.abs(each.length - name.length) >= bestEdits) continue
    const edits = editsBetween(name.toLowerCase(), each.toLowerCase())
    if (edits < bestEdits) {
      best = each
      bestEdits = edits
    }
  }
  return best
}

/** Levenshtein's distance, one row at a time. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
