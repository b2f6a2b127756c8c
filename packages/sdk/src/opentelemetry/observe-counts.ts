import type { AnswerCounts } from './answer-counts.ts'
import type { CountMeter, Observation } from './contract.ts'

type Counter = [name: string, description: string, read: (observation: Observation) => void]

/**
 * Lets a meter read what is counted, whenever it exports.
 *
 * @param dropped How many exposures were not sent so far.
 * @returns A function that takes the counters away from the meter.
 */
export function observeCounts(
  meter: CountMeter | undefined,
  counts: AnswerCounts,
  dropped: () => number,
): () => void {
  if (meter === undefined) return () => {}
  const counters: Counter[] = [
    [
      'feature_flag.evaluations',
      'Questions that flags answered.',
      (observation) => {
        for (const { evaluations, attributes } of counts)
          observation.observe(evaluations, attributes)
      },
    ],
    [
      'feature_flag.exposures',
      'Users who got a variant, each once per window.',
      (observation) => {
        for (const { exposures, attributes } of counts) observation.observe(exposures, attributes)
      },
    ],
    [
      'feature_flag.events.dropped',
      'Exposures that were not sent, for there were too many or a destination failed.',
      (observation) => observation.observe(dropped(), counts.common),
    ],
  ]
  const closes = counters.map(([name, description, read]) => {
    const counter = meter.createObservableCounter(name, { description, unit: '1' })
    counter.addCallback(read)
    return () => counter.removeCallback(read)
  })
  return () => {
    for (const close of closes) close()
  }
}
