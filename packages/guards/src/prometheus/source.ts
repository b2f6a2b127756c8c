import { type ArmCounts, type ArmName, createArmCounts, type MetricSource } from '../counts.ts'
import { SluiceError } from '../error.ts'
import { spreadLatency } from '../spread-latency.ts'
import type { Sample, Vector } from './answer.ts'
import {
  joinQueries,
  listQueries,
  type PrometheusSourceOptions,
  type RoleQuery,
  roleLabel,
} from './arm-queries.ts'
import { createAsk } from './ask.ts'
import { createIncreases, type SeriesValues } from './increases.ts'
import { createLateness } from './lateness.ts'
import { type HistogramSeries, invalid, readCounters, readHistograms } from './read-samples.ts'

/** What one query answered. */
interface Part extends RoleQuery {
  readonly series: readonly (SeriesValues & Partial<HistogramSeries>)[]
}

/**
 * A metric source over the counters that a Prometheus scrapes, in one request a read.
 *
 * Every series is differenced by itself: one that falls began again at zero, and one that vanishes keeps what it gave.
 * So the totals never fall. What a process counted after its last scrape is lost with it. Ask one Prometheus, or one that
 * makes a single answer of several: two that scrape by themselves are never alike.
 *
 * `read()` rejects with a SluiceError, and counts nothing: `metric_source_unreachable`, `metric_source_refused` (4xx, or an
 * error in Prometheus's words), `metric_source_invalid` (no vector of counters, or one older than the last),
 * `metric_source_silent` (no series of either arm, or none any more of an arm that had some). An arm that never had a
 * series has served nothing yet.
 *
 * @throws SluiceError `invalid_metric_source`.
 */
export function createPrometheusSource(options: PrometheusSourceOptions): MetricSource {
  const ask = createAsk(options)
  const queries = listQueries(options)
  const joint = joinQueries(queries)
  // Six queries in full are more than a line for people.
  const subject = `${queries[0]?.subject} and ${queries.length - 1} more`
  const msPerUnit = options.latencyUnit === 'milliseconds' ? 1 : 1000
  const increases = new Map(queries.map((each) => [each.subject, createIncreases()]))
  const totals = { stable: createTotals(), canary: createTotals() }
  const findLate = createLateness()
  const armsWithSeries = new Set<ArmName>()
  let lastAt = -Infinity

  async function askAll(): Promise<Vector> {
    try {
      return await ask(joint, subject)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'metric_source_refused') throw error
      // The joint query is refused for one of its parts; asked by itself, that one is named.
      for (const each of queries) await ask(each.query, each.subject)
      throw error
    }
  }

  function take(
    { arm, role, subject: name, series }: Part,
    at: number,
    isLate: (target: string) => boolean,
  ): void {
    if (series.length > 0) armsWithSeries.add(arm)
    const found = increases.get(name)!.take(series, at, isLate)
    const total = totals[arm]
    if (role === 'latency') {
      for (const [index, { bounds = [] }] of series.entries()) {
        for (const [bucket, count] of found[index]!.entries()) {
          const lowMs = Math.max(0, bounds[bucket - 1] ?? 0) * msPerUnit
          if (count > 0) spreadLatency(total.latency, count, lowMs, bounds[bucket]! * msPerUnit)
        }
      }
      return
    }
    if (series.length > 0 || total[role] !== undefined) {
      total[role] = found.reduce((sum, [increase = 0]) => sum + increase, total[role] ?? 0)
    }
  }

  return {
    async read() {
      const { at = lastAt, samples } = await askAll()
      const parts = split(samples, queries)
      if (at < lastAt) {
        const times = [at, lastAt].map((ms) => new Date(ms).toISOString())
        throw invalid(subject, `the answer is of ${times[0]}, older than the last, of ${times[1]}`)
      }
      checkSilence(parts, armsWithSeries)
      // From here on nothing fails: an answer is taken whole or not at all.
      lastAt = at
      const series = parts.flatMap((part) => part.series)
      const isLate = findLate(new Set(series.map(({ target }) => target)), at)
      for (const part of parts) take(part, at, isLate)
      const processes = countProcesses(samples)
      return {
        stable: { ...totals.stable, latency: totals.stable.latency.slice() },
        canary: { ...totals.canary, latency: totals.canary.latency.slice() },
        ...(processes > 0 ? { processes } : {}),
      }
    },
  }
}

type Totals = ArmCounts & { latency: Float64Array }

function createTotals(): Totals {
  return createArmCounts() as Totals
}

/** The joint answer, by query. */
function split(samples: readonly Sample[], queries: readonly RoleQuery[]): Part[] {
  const byName = new Map<string, Sample[]>(queries.map(({ arm, role }) => [`${arm}.${role}`, []]))
  for (const { labels, value } of samples) {
    const { [roleLabel]: name = '', ...own } = labels
    const part = byName.get(name)
    if (part === undefined) {
      throw invalid('the joint query', `a series without its label ${roleLabel}`)
    }
    part.push({ labels: own, value })
  }
  return queries.map((each) => {
    const own = byName.get(`${each.arm}.${each.role}`)!
    const read = each.role === 'latency' ? readHistograms : readCounters
    return { ...each, series: read(each, own) }
  })
}

function checkSilence(parts: readonly Part[], armsWithSeries: ReadonlySet<ArmName>): void {
  const requests = parts.filter(({ role }) => role === 'requests')
  const silent = requests.filter(({ series }) => series.length === 0)
  const hadSome = silent.find(({ arm }) => armsWithSeries.has(arm))
  const mute = hadSome ?? (silent.length === requests.length ? silent[0] : undefined)
  if (mute === undefined) return
  const since = hadSome === undefined ? '' : ', though there were some before'
  throw new SluiceError('metric_source_silent', `${mute.subject}: no series${since}`)
}

/** Targets are known by the labels that Prometheus gives them. */
function countProcesses(samples: readonly Sample[]): number {
  const targets = new Set<string>()
  for (const { labels } of samples) {
    if (labels.instance !== undefined) targets.add(JSON.stringify([labels.job, labels.instance]))
  }
  return targets.size
}
