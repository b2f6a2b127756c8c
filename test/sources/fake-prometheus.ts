import type { RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import type { MetricSource } from '@sluice/guards'
import { serveHttp } from '../services/http.ts'

/** The newest value of one series, as Prometheus writes it. */
export type FakeSeries = readonly [labels: Record<string, string>, value: string | number]

/** A Prometheus that answers what a test tells it to. */
export interface FakePrometheus {
  readonly url: string
  readonly port: number
  /** By query. A query that is not here answers no series. */
  readonly series: Record<string, readonly FakeSeries[]>
  /** For when its answers are, in epoch seconds. */
  at: number
  /** A query that is answered by no series for now. */
  hides: string | undefined
  /** Answers instead, where it is set. */
  instead: RequestListener | undefined
  /** The queries it was asked, joint ones in their parts. */
  readonly asked: string[][]
  close(): Promise<void>
}

/** Serves the instant queries of a Prometheus on a free port, or on the given one. */
export async function startFakePrometheus(onPort = 0): Promise<FakePrometheus> {
  const listening = await serveHttp(async (request, response) => {
    if (fake.instead !== undefined) return fake.instead(request, response)
    const query = new URLSearchParams(await text(request)).get('query') ?? ''
    const parts = [...query.matchAll(/label_replace\(\n(.*?)\n, "sluice_query", "(.*?)"/gs)]
    fake.asked.push(parts.length === 0 ? [query] : parts.map(([, part = '']) => part))
    const result =
      parts.length === 0
        ? write(query)
        : parts.flatMap(([, part = '', name = '']) => write(part, { sluice_query: name }))
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
  }, onPort)

  function write(query: string, own: Record<string, string> = {}) {
    return (query === fake.hides ? [] : (fake.series[query] ?? [])).map(([labels, value]) => ({
      metric: { ...labels, ...own },
      value: [fake.at, String(value)],
    }))
  }

  const fake: FakePrometheus = {
    ...listening,
    series: {},
    at: 1_700_000_000,
    hides: undefined,
    instead: undefined,
    asked: [],
  }
  return fake
}

/** Queries of both arms. */
export const queries = {
  stable: { requests: 'requests{arm="stable"}', errors: 'errors{arm="stable"}', latency: 'ms_s' },
  canary: { requests: 'requests{arm="canary"}', errors: 'errors{arm="canary"}', latency: 'ms_c' },
}

/** One counter by pods; where a value is undefined, the pod is not to be seen. */
export function pods(...values: (string | number | undefined)[]): FakeSeries[] {
  return values.flatMap((value, index) =>
    value === undefined ? [] : [[{ instance: `pod-${index}`, job: 'shop' }, value] as const],
  )
}

/** A second later the stable arm's pods have counted so much. */
export function setRequests(
  fake: FakePrometheus,
  ...values: (string | number | undefined)[]
): void {
  fake.series[queries.stable.requests] = pods(...values)
  fake.at += 1
}

/** How many requests of the stable arm a source has counted. */
export async function readRequests(source: MetricSource): Promise<number> {
  return (await source.read()).stable.requests
}
