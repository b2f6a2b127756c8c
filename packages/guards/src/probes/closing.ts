/** Tells whatever is under way that nobody waits for it any longer. */
export interface Closing {
  readonly isClosed: boolean
  /** Calls `end` at the close, once; returns a function that takes it back. */
  onClose(end: () => void): () => void
}

/** Not an AbortSignal, whose listeners Node counts and warns of: a rollout may have dozens of checks. */
export function createClosing(): Closing & { close(): void } {
  const ends = new Set<() => void>()
  let isClosed = false
  return {
    get isClosed() {
      return isClosed
    },
    onClose(end) {
      ends.add(end)
      return () => void ends.delete(end)
    },
    close() {
      isClosed = true
      for (const end of [...ends]) end()
      ends.clear()
    },
  }
}
