/** An entry that could not be taken over, and why. */
export interface Refusal<Entry> {
  readonly entry: Entry
  readonly cause: unknown
}

/**
 * Takes over as many entries as fit, where `apply` takes all it is given or throws and takes none.
 *
 * All at once where they fit; else what was written together is tried together, so that entries that
 * need each other come in with each other; else one by one, until no further one fits.
 *
 * @param entries In the order of their revisions.
 * @returns The ones that stay outside.
 */
export function admit<Entry extends { readonly revision: number }>(
  entries: readonly Entry[],
  apply: (entries: readonly Entry[]) => void,
): Refusal<Entry>[] {
  let outside = admitParts(entries, apply)
  for (;;) {
    // One that came in may be what another one waited for.
    const left = admitParts(
      outside.map(({ entry }) => entry),
      apply,
    )
    if (left.length === outside.length) return left
    outside = left
  }
}

/** Halves what does not fit, so that one bad entry among many costs few tries. */
function admitParts<Entry extends { readonly revision: number }>(
  entries: readonly Entry[],
  apply: (entries: readonly Entry[]) => void,
): Refusal<Entry>[] {
  const [entry] = entries
  if (entry === undefined) return []
  try {
    apply(entries)
    return []
  } catch (cause) {
    if (entries.length === 1) return [{ entry, cause }]
  }
  const middle = middleOf(entries)
  return [
    ...admitParts(entries.slice(0, middle), apply),
    ...admitParts(entries.slice(middle), apply),
  ]
}

/** Where to cut: between revisions as near to the middle as can be, within one only if it is alone. */
function middleOf(entries: readonly { readonly revision: number }[]): number {
  const half = entries.length >> 1
  const isCut = (index: number) => entries[index - 1]?.revision !== entries[index]?.revision
  for (let off = 0; off < half; off += 1) {
    if (isCut(half - off)) return half - off
    if (half + off < entries.length && isCut(half + off)) return half + off
  }
  return half
}
