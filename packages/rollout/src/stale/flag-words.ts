/** A key as it stands in a text. */
export interface FlagWord {
  readonly key: string
  /** Its offset. */
  readonly index: number
}

/**
 * Finds the keys that a text names as whole words: `newCheckoutButton` does not name `newCheckout`. Of keys that begin alike
 * the longest is meant.
 */
export function createWordSearch(
  flags: Iterable<string>,
): (text: string) => Generator<FlagWord, void> {
  const escaped = [...flags]
    .filter((key) => key !== '')
    .sort((one, other) => other.length - one.length)
    .map((key) => key.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  const any = new RegExp(`(?<![\\p{L}\\p{N}_$])(?:${escaped.join('|')})(?![\\p{L}\\p{N}_$])`, 'gu')
  return function* find(text) {
    if (escaped.length === 0) return
    for (const { 0: key, index } of text.matchAll(any)) yield { key, index }
  }
}
