import { createPrometheusSource } from '@sluice/guards/prometheus'
import fc from 'fast-check'
import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type FakePrometheus,
  type FakeSeries,
  pods,
  queries,
  readRequests,
  setRequests,
  startFakePrometheus,
} from './fake-prometheus.ts'

let fake: FakePrometheus
beforeEach(async () => {
  fake = await startFakePrometheus()
})
afterEach(() => fake.close())

function openSource() {
  return createPrometheusSource({ url: fake.url, ...queries })
}

describe('a source over Prometheus', () => {
  it('adds up the series of each arm, all from one answer', async () => {
    fake.series[queries.stable.requests] = pods(100, 50)
    fake.series[queries.stable.errors] = pods(undefined, 3)
    fake.series[queries.canary.requests] = pods(7)
    const counts = await openSource().read()
    expect(counts).toMatchObject({
      stable: { requests: 150, errors: 3 },
      canary: { requests: 7, errors: 0 },
      processes: 2,
    })
    expect(fake.asked).toEqual([
      [...Object.values(queries.stable), ...Object.values(queries.canary)],
    ])
  })

  it('knows failed units only where there are some', async () => {
    const source = createPrometheusSource({
      url: fake.url,
      stable: { requests: 'r', failedUnits: 'f', units: 'u' },
      canary: { requests: 'c' },
    })
    fake.series.r = pods(10)
    expect((await source.read()).stable).not.toHaveProperty('failedUnits')
    fake.series.f = pods(2)
    fake.series.u = pods(9)
    expect((await source.read()).stable).toMatchObject({ failedUnits: 2, units: 9 })
  })

  it('counts a fallen counter from zero, each process by itself', async () => {
    const source = openSource()
    setRequests(fake, 100, 200)
    expect(await readRequests(source)).toBe(300)
    setRequests(fake, 4, 210)
    expect(await readRequests(source)).toBe(314)
    setRequests(fake, 5, 210)
    expect(await readRequests(source)).toBe(315)
  })

  it('keeps what a series gave that vanished, and goes on when it comes back', async () => {
    const source = openSource()
    setRequests(fake, 100, 200)
    await source.read()
    setRequests(fake, 110)
    expect(await readRequests(source)).toBe(310)
    setRequests(fake, 110, 205)
    expect(await readRequests(source)).toBe(315)
    setRequests(fake, 110)
    await source.read()
    setRequests(fake, 110, 2)
    expect(await readRequests(source)).toBe(317)
  })

  it('takes nothing of the minutes in which a process could not be scraped', async () => {
    const source = openSource()
    setRequests(fake, 100, 200)
    await source.read()
    setRequests(fake, 100)
    await source.read()
    fake.at += 61
    setRequests(fake, 100, 5_000)
    expect(await readRequests(source)).toBe(300)
    setRequests(fake, 100, 5_001)
    expect(await readRequests(source)).toBe(301)
  })

  it('counts a series that appears from zero: the first error is one', async () => {
    const source = openSource()
    setRequests(fake, 100)
    expect((await source.read()).stable.errors).toBe(0)
    fake.series[queries.stable.errors] = pods(1)
    expect((await source.read()).stable.errors).toBe(1)
  })

  it('counts an old process from where it is found, when it could not be scraped at first', async () => {
    const source = openSource()
    setRequests(fake, 100)
    await source.read()
    setRequests(fake, 100, 9_000)
    fake.series[queries.stable.errors] = pods(undefined, 90)
    expect(await source.read()).toMatchObject({ stable: { requests: 100, errors: 0 } })
    setRequests(fake, 101, 9_002)
    fake.series[queries.stable.errors] = pods(1, 91)
    expect(await source.read()).toMatchObject({ stable: { requests: 103, errors: 2 } })
  })

  it('counts a process that begins after the first minute from zero', async () => {
    const source = openSource()
    setRequests(fake, 100)
    await source.read()
    fake.at += 60
    setRequests(fake, 100, 9)
    expect(await readRequests(source)).toBe(109)
  })

  it('gives totals that never fall, whatever restarts and vanishes', async () => {
    const value = fc.option(fc.nat(1_000), { nil: undefined })
    const step = fc.tuple(value, value, fc.nat(1_000))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const source = openSource()
        let last = 0
        for (const [one, other, third] of steps) {
          setRequests(fake, one, other, third)
          const now = await readRequests(source)
          expect(now).toBeGreaterThanOrEqual(last)
          last = now
        }
      }),
      { numRuns: 30 },
    )
  })

  it('sees exactly what processes served that were scraped before each end', async () => {
    // Per process and second: some requests, or an end and a new life, from which it serves some at once.
    const second = fc.array(fc.tuple(fc.nat(50), fc.boolean()), { minLength: 3, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(fc.array(second, { minLength: 1, maxLength: 12 }), async (seconds) => {
        const source = openSource()
        const counters = [0, 0, 0]
        let served = 0
        setRequests(fake, ...counters)
        await source.read()
        for (const each of seconds) {
          for (const [index, [requests, restarts]] of each.entries()) {
            const before = counters[index]!
            // A new life that has counted past the old one cannot be told from it.
            const isNew = restarts && requests < before
            counters[index] = isNew ? requests : before + requests
            served += requests
          }
          setRequests(fake, ...counters)
          await source.read()
        }
        expect(await readRequests(source)).toBe(served)
      }),
      { numRuns: 30 },
    )
  })

  it('reads a histogram’s buckets, which fall together', async () => {
    const source = openSource()
    const buckets = (...values: number[]): FakeSeries[] =>
      ['0.1', '0.25', '+Inf'].map((le, index) => [{ instance: 'pod-0', le }, values[index]!])
    fake.series[queries.stable.requests] = pods(10)
    fake.series.ms_s = buckets(2, 9, 10)
    const first = (await source.read()).stable
    expect(sum(first.latency)).toBeCloseTo(10, 9)
    // Bucket 164 begins below 100 ms and 189 holds 250 ms.
    expect(sum(first.latency.slice(0, 165))).toBeGreaterThan(1.99)
    expect(sum(first.latency.slice(190))).toBe(0)
    expect(first.latency[189]).toBeGreaterThan(1)
    // The lowest bucket rose and the others fell: a new life, of which all is new.
    fake.series.ms_s = buckets(3, 4, 4)
    fake.at += 1
    expect(sum((await source.read()).stable.latency)).toBeCloseTo(14, 9)
  })

  it('is served by the application’s own dispatcher, headers and credentials', async () => {
    const seen: unknown[] = []
    fake.instead = ({ headers, url }, response) => {
      seen.push(url, headers.authorization, headers['x-tenant'])
      response.end('{"status":"success","data":{"resultType":"vector","result":[]}}')
    }
    const dispatcher = new Agent()
    const source = createPrometheusSource({
      ...queries,
      url: `http://ada:secret@127.0.0.1:${fake.port}/prometheus/`,
      headers: { 'x-tenant': 'shop' },
      dispatcher,
    })
    await expect(source.read()).rejects.toThrow('no series')
    await dispatcher.close()
    expect(seen).toEqual(['/prometheus/api/v1/query', 'Basic YWRhOnNlY3JldA==', 'shop'])
  })
})

describe('settings that can not be true', () => {
  it.each([
    ['a url of something else', { url: 'localhost:9090' }],
    ['no time', { timeoutMs: 0 }],
    ['no query', { canary: { requests: ' ' } }],
    ['a rate', { canary: { requests: 'sum by (pod) (rate(requests[1m]))' } }],
  ])('are refused: %s', (_, wrong) => {
    const create = () => createPrometheusSource({ url: fake.url, ...queries, ...wrong })
    expect(create).toThrow(expect.objectContaining({ code: 'invalid_metric_source' }))
  })
})

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0)
}
