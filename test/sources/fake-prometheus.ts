import type { RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
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
    return (fake.series[query] ?? []).map(([labels, value]) => ({
      metric: { ...labels, ...own },
      value: [fake.at, String(value)],
    }))
  }

  const fake: FakePrometheus = {
    ...listening,
    series: {},
    at: 1_700_000_000,
    instead: undefined,
    asked: [],
  }
  return fake
}
