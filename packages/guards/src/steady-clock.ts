/**
 * Makes of any clock one that never steps back: where the other does, this one stands still for that once and goes on.
 *
 * @param now In ms. What is no finite number does not move the clock.
 */
export function createSteadyClock(now: () => number): () => number {
  let last = now()
  let steady = 0
  return () => {
    const at = now()
    if (!Number.isFinite(at)) return steady
    if (at > last) steady += at - last
    last = at
    return steady
  }
}
