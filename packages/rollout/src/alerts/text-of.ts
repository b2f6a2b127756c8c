/** What can be said of something that was thrown, which may be anything. */
export function textOf(cause: unknown): string {
  try {
    return cause instanceof Error ? cause.message : String(cause)
  } catch {
    return 'something without a text'
  }
}
