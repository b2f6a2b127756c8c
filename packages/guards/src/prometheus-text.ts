import type { ArmName, HealthCounts } from './counts.ts'
import { SluiceError } from './error.ts'
import { BUCKETS_PER_OCTAVE, bucketLowerMs, LATENCY_BUCKETS } from './latency-histogram.ts'

/** How counters are named. */
export interface PrometheusTextOptions {
  readonly flag: string
  readonly environment?: string
  /** Begins every name. Default `sluice`. */
  readonly prefix?: string
  /** Labels of the application's own, on every series. */
  readonly labels?: Readonly<Record<string, string>>
}

/** Of every 7th bucket the lower bound is written, from 1 ms on: 38 bounds to 12.7 s, each 1.29 times the one before. */
const BOUND_STEP = 7
const FIRST_BOUND = 2 * BUCKETS_PER_OCTAVE

/**
 * Counts in Prometheus's text format 0.0.4, for the application's `/metrics` (`text/plain; version=0.0.4`).
 *
 * Written are `…_requests_total`, `…_errors_total`, `…_failed_units_total` and `…_units_total` where units are known,
 * the histogram `…_request_duration_seconds`, and `…_events_total` by `series`. The histogram's counts are exact at its bounds,
 * but for durations of exactly a bound, which stand above it; its `_sum` is worked out from the buckets, within 2 %
 * between 0.25 ms and 15 s.
 *
 * Texts of several flags go through {@link joinPrometheusTexts}.
 *
 * @throws SluiceError `invalid_metric_name` for a prefix or a label that Prometheus does not take, or one used here.
 */
export function toPrometheusText(counts: HealthCounts, options: PrometheusTextOptions): string {
  const { prefix } = checkNames(options)
  const lines: string[] = []

  function counter(name: string, help: string, rows: readonly Row[]): void {
    if (rows.length === 0) return
    head(name, 'counter', help)
    for (const { labels, value } of rows) {
      lines.push(`${prefix}_${name}${writeLabels(options, labels)} ${value}`)
    }
  }

  function head(name: string, type: string, help: string): void {
    lines.push(`# HELP ${prefix}_${name} ${help}`, `# TYPE ${prefix}_${name} ${type}`)
  }

  const ofArms = (value: (arm: ArmName) => number | undefined): Row[] =>
    arms.flatMap((arm) => {
      const found = value(arm)
      return found === undefined ? [] : [{ labels: { arm }, value: found }]
    })

  counter(
    'requests_total',
    'Requests served.',
    ofArms((arm) => counts[arm].requests),
  )
  counter(
    'errors_total',
    'Requests that failed.',
    ofArms((arm) => counts[arm].errors),
  )
  counter(
    'failed_units_total',
    'Requests that failed, at most one per unit and minute.',
    ofArms((arm) => counts[arm].failedUnits),
  )
  counter(
    'units_total',
    'Units seen for the first time since the shares of the arms changed.',
    ofArms((arm) => counts[arm].units),
  )
  head('request_duration_seconds', 'histogram', 'Duration of requests.')
  for (const arm of arms) {
    const name = `${prefix}_request_duration_seconds`
    const labels = writeLabels(options, { arm })
    const { cumulative, count, sumMs } = reduce(counts[arm].latency)
    for (const [le, value] of cumulative) {
      lines.push(`${name}_bucket${writeLabels(options, { arm, le })} ${value}`)
    }
    lines.push(`${name}_sum${labels} ${sumMs / 1000}`, `${name}_count${labels} ${count}`)
  }
  counter(
    'events_total',
    'Events of the application’s own series.',
    arms.flatMap((arm) =>
      Object.entries(counts[arm].series ?? {}).map(([series, { count }]) => ({
        labels: { arm, series },
        value: count,
      })),
    ),
  )
  return `${lines.join('\n')}\n`
}

/** Joins texts of several flags, so that each name is explained once and its series stand together, as the format asks. */
export function joinPrometheusTexts(texts: readonly string[]): string {
  let family: string[] = []
  const families = new Map([['', family]])
  for (const line of texts.flatMap((text) => text.split('\n')).filter((line) => line !== '')) {
    const [, kind, name = ''] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? []
    if (kind === undefined) family.push(line)
    else if (kind === 'HELP') {
      family = families.get(name) ?? []
      if (family.length === 0) families.set(name, family)
    }
    if (kind !== undefined && family.length < 2) family.push(line)
  }
  return [...families.values()]
    .flat()
    .map((line) => `${line}\n`)
    .join('')
}

/**
 * Labels between braces, those of the options first; also a selector of the same series.
 *
 * @param own Beyond those of the options.
 */
export function writeLabels(
  { flag, environment, labels }: PrometheusTextOptions,
  own: Readonly<Record<string, string>>,
): string {
  const all = { flag, ...(environment === undefined ? {} : { environment }), ...labels, ...own }
  return `{${Object.entries(all)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',')}}`
}

/** @throws SluiceError `invalid_metric_name`. */
export function checkNames({ prefix = 'sluice', labels = {} }: PrometheusTextOptions): {
  prefix: string
} {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(prefix)) {
    throw new SluiceError('invalid_metric_name', `Prometheus takes no prefix "${prefix}"`)
  }
  for (const name of Object.keys(labels)) {
    if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || reserved.includes(name)) {
      throw new SluiceError('invalid_metric_name', `the label "${name}" is Prometheus's or ours`)
    }
  }
  return { prefix }
}

const arms = ['stable', 'canary'] as const
const reserved = ['flag', 'environment', 'arm', 'series', 'le']

interface Row {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** As the format has it; PromQL's strings escape the same. */
function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function reduce(latency: ArrayLike<number>) {
  const cumulative: [le: string, value: number][] = []
  let count = 0
  let sumMs = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (bucket >= FIRST_BOUND && (bucket - FIRST_BOUND) % BOUND_STEP === 0) {
      // Six digits name the same bound on every platform; reading snaps them back to it.
      cumulative.push([String(Number((bucketLowerMs(bucket) / 1000).toPrecision(6))), count])
    }
    count += latency[bucket]!
    sumMs += latency[bucket]! * bucketLowerMs(bucket + 0.5)
  }
  cumulative.push(['+Inf', count])
  return { cumulative, count, sumMs }
}
