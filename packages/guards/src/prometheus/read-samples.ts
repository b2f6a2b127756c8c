import { SluiceError } from '../error.ts'
import { type Sample, toNumber } from './answer.ts'
import type { RoleQuery } from './arm-queries.ts'
import type { SeriesValues } from './increases.ts'

/** A histogram of one process: how many durations lie between its bounds. */
export interface HistogramSeries extends SeriesValues {
  /** Upper bounds as they are written, rising; the last is infinite. */
  readonly bounds: readonly number[]
}

/** @throws SluiceError `metric_source_invalid` for a value that no counter has, or one series for all processes. */
export function readCounters(
  { subject }: RoleQuery,
  samples: readonly Sample[],
): readonly SeriesValues[] {
  return samples.map((sample) => {
    checkCounter(sample, subject)
    const { labels, value } = sample
    return { key: keyOf(labels), target: targetOf(labels), values: [value] }
  })
}

/** @throws SluiceError `metric_source_invalid` also for series that are no buckets of a histogram. */
export function readHistograms(
  { subject }: RoleQuery,
  samples: readonly Sample[],
): readonly HistogramSeries[] {
  const groups = new Map<string, { target: string; buckets: Bucket[] }>()
  for (const sample of samples) {
    const { le, ...labels } = sample.labels
    const bound = toNumber(le ?? '')
    if (Number.isNaN(bound)) {
      throw invalid(subject, `a series has ${le === undefined ? 'no le' : `le="${le}"`}`)
    }
    checkCounter({ labels, value: sample.value }, subject)
    const key = keyOf(labels)
    const group = groups.get(key) ?? { target: targetOf(labels), buckets: [] }
    group.buckets.push({ bound, value: sample.value })
    groups.set(key, group)
  }
  return [...groups].map(([key, { target, buckets }]) => {
    buckets.sort((one, other) => one.bound - other.bound)
    const bounds = buckets.map(({ bound }) => bound)
    const values = buckets.map(({ value }, index) => value - (buckets[index - 1]?.value ?? 0))
    if (bounds.at(-1) !== Infinity) throw invalid(subject, 'a histogram has no le="+Inf"')
    if (values.some((value) => value < 0)) {
      throw invalid(subject, 'a bucket holds less than the one below it')
    }
    return { key: `${key} ${bounds}`, target, values, bounds }
  })
}

/** Of a histogram: what is at most so long. */
interface Bucket {
  readonly bound: number
  readonly value: number
}

function checkCounter({ labels, value }: Sample, subject: string): void {
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
    throw invalid(subject, `a series is ${value}, which no counter can be: ${keyOf(labels)}`)
  }
  // When one process of a sum restarts, the sum falls, and all of it would be taken for new.
  if (Object.keys(labels).length === 0) {
    throw invalid(subject, 'one sum over all processes: keep them apart, sum by (instance) (…)')
  }
}

/** Prometheus gives each target a job and an instance; where a query drops them, the labels it keeps must do. */
function targetOf({ __name__, ...labels }: Readonly<Record<string, string>>): string {
  const { job = '', instance } = labels
  return keyOf(instance === undefined ? labels : { job, instance })
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** The error for an answer that cannot be true. */
export function invalid(subject: string, what: string): SluiceError {
  return new SluiceError('metric_source_invalid', `${subject}: ${what}`)
}
