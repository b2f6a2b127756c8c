import { performance } from 'node:perf_hooks'

/**
 * Times a pass until it is warm and then for `measureMs`.
 *
 * Warm means: at least `warmMs` have gone by and two successive samples differ by under 5 percent, or
 * four times `warmMs` have. The sum that a pass answers is compared each time, so that the work can
 * neither be left out nor go wrong unnoticed.
 *
 * @param pass Makes `calls` calls and answers `sum`, or a promise of it.
 * @returns Nanoseconds per call: the median sample, the fastest, and how many there were.
 */
export async function measure({ pass, calls, sum, warmMs, measureMs }) {
  const warmUntil = performance.now() + warmMs
  let before = Number.POSITIVE_INFINITY
  for (;;) {
    const took = await sample(pass, calls, sum)
    const now = performance.now()
    if (now > warmUntil && Math.abs(took / before - 1) < 0.05) break
    if (now > warmUntil + 3 * warmMs) break
    before = took
  }
  const samples = []
  const until = performance.now() + measureMs
  while (performance.now() < until || samples.length < 5)
    samples.push(await sample(pass, calls, sum))
  samples.sort((a, b) => a - b)
  return { median: medianOf(samples), fastest: samples[0], samples: samples.length }
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function medianOf(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Long enough that the clock's resolution and the call of the pass do not show. */
const sampleMs = 4

async function sample(pass, calls, sum) {
  let passes = 0
  const startedAt = performance.now()
  let took = 0
  while (took < sampleMs) {
    const result = pass()
    const found = typeof result === 'number' ? result : await result
    if (found !== sum) throw new Error(`a pass answered ${found}, not ${sum}`)
    passes += 1
    took = performance.now() - startedAt
  }
  return (took * 1e6) / (passes * calls)
}
