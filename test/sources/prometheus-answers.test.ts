import type { RequestListener } from 'node:http'
import { createPrometheusReading, createPrometheusSource } from '@sluice/guards/prometheus'
import fc from 'fast-check'
import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../services/process.ts'
import { type FakePrometheus, type FakeSeries, startFakePrometheus } from './fake-prometheus.ts'

let fake: FakePrometheus

beforeEach(async () => {
  fake = await startFakePrometheus()
})
afterEach(() => fake.close())

const queries = {
  stable: { requests: 'requests{arm="stable"}', errors: 'errors{arm="stable"}', latency: 'ms_s' },
  canary: { requests: 'requests{arm="canary"}', errors: 'errors{arm="canary"}', latency: 'ms_c' },
}

function openSource(timeoutMs = 5_000) {
  return createPrometheusSource({ url: fake.url, ...queries, timeoutMs })
}

/** One counter by pods. */
function pods(...values: (string | number | undefined)[]): FakeSeries[] {
  return values.flatMap((value, index) =>
    value === undefined ? [] : [[{ instance: `pod-${index}`, job: 'shop' }, value] as const],
  )
}

function setRequests(...values: (string | number | undefined)[]): void {
  fake.series[queries.stable.requests] = pods(...values)
  fake.at += 1
}

async function readRequests(source: ReturnType<typeof openSource>): Promise<number> {
  return (await source.read()).stable.requests
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
    setRequests(100, 200)
    expect(await readRequests(source)).toBe(300)
    setRequests(4, 210)
    expect(await readRequests(source)).toBe(314)
    setRequests(5, 210)
    expect(await readRequests(source)).toBe(315)
  })

  it('keeps what a series gave that vanished, and goes on when it comes back', async () => {
    const source = openSource()
    setRequests(100, 200)
    await source.read()
    setRequests(110)
    expect(await readRequests(source)).toBe(310)
    setRequests(110, 205)
    expect(await readRequests(source)).toBe(315)
    setRequests(110)
    await source.read()
    setRequests(110, 2)
    expect(await readRequests(source)).toBe(317)
  })

  it('takes nothing of the minutes in which a process could not be scraped', async () => {
    const source = openSource()
    setRequests(100, 200)
    await source.read()
    setRequests(100)
    await source.read()
    fake.at += 61
    setRequests(100, 5_000)
    expect(await readRequests(source)).toBe(300)
    setRequests(100, 5_001)
    expect(await readRequests(source)).toBe(301)
  })

  it('counts a series that appears from zero: the first error is one', async () => {
    const source = openSource()
    setRequests(100)
    expect((await source.read()).stable.errors).toBe(0)
    fake.series[queries.stable.errors] = pods(1)
    expect((await source.read()).stable.errors).toBe(1)
  })

  it('gives totals that never fall, whatever restarts and vanishes', async () => {
    const value = fc.option(fc.nat(1_000), { nil: undefined })
    const step = fc.tuple(value, value, fc.nat(1_000))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const source = openSource()
        let last = 0
        for (const [one, other, third] of steps) {
          setRequests(one, other, third)
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
        setRequests(...counters)
        await source.read()
        for (const each of seconds) {
          for (const [index, [requests, restarts]] of each.entries()) {
            const before = counters[index]!
            // A new life that has counted past the old one cannot be told from it.
            const isNew = restarts && requests < before
            counters[index] = isNew ? requests : before + requests
            served += requests
          }
          setRequests(...counters)
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

const answerJson =
  (body: unknown, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status)
    response.end(JSON.stringify(body))
  }
const answerResult = (resultType: string, result: unknown) =>
  answerJson({ status: 'success', data: { resultType, result } })
const sample = (value: string, labels = {}) => ({ metric: labels, value: [1_700_000_000, value] })
const stableSample = (value: string) =>
  sample(value, { sluice_query: 'stable.requests', instance: 'pod-0' })

/** What a Prometheus may answer, and what is said of it. */
const badAnswers: [string, RequestListener, code: string, says: string][] = [
  ['5xx', answerJson({}, 503), 'metric_source_unreachable', 'answered 503'],
  ['too many requests', answerJson({}, 429), 'metric_source_unreachable', 'answered 429'],
  [
    '4xx in its own words',
    answerJson({ status: 'error', errorType: 'bad_data', error: '1:3: parse error' }, 400),
    'metric_source_refused',
    'answered 400 (1:3: parse error)',
  ],
  ['a redirect', answerJson({}, 302), 'metric_source_refused', 'answered 302'],
  [
    'a page',
    (_, response) => response.end('<html>Please log in</html>'),
    'metric_source_invalid',
    'gave no JSON (<html>Please log in</html>)',
  ],
  ['a number', answerJson(7), 'metric_source_refused', 'gave the status undefined'],
  ['null', answerJson(null), 'metric_source_refused', 'gave the status undefined'],
  [
    'an error with status 200',
    answerJson({ status: 'error', error: 'overloaded' }),
    'metric_source_refused',
    'gave the status error (overloaded)',
  ],
  ['a matrix', answerResult('matrix', []), 'metric_source_invalid', 'gave a matrix'],
  ['a scalar', answerResult('scalar', [1, '1']), 'metric_source_invalid', 'gave a scalar'],
  ['a string', answerResult('string', [1, 'x']), 'metric_source_invalid', 'gave a string'],
  ['no data', answerJson({ status: 'success' }), 'metric_source_invalid', 'not an instant vector'],
  [
    'a vector of anything',
    answerResult('vector', [null]),
    'metric_source_invalid',
    'gave what is no sample (null)',
  ],
  [
    'a native histogram',
    answerResult('vector', [{ metric: {}, histogram: [1, {}] }]),
    'metric_source_invalid',
    'a native histogram',
  ],
  [
    'a huge answer',
    (_, response) => {
      response.end('x'.repeat(9 * 1024 * 1024))
    },
    'metric_source_invalid',
    'longer than 8388608 bytes',
  ],
  [
    'an answer that breaks off',
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{', () => response.destroy())
    },
    'metric_source_unreachable',
    'Prometheus at http://127.0.0.1',
  ],
]

describe.each(badAnswers)('an answer that is %s', (_, listener, code, says) => {
  it('rejects a read, and counts nothing', async () => {
    const source = openSource()
    setRequests(100)
    await source.read()
    fake.instead = listener
    const error = await Promise.resolve(source.read()).then(
      () => undefined,
      (thrown: Error & { code: string }) => thrown,
    )
    expect(error).toMatchObject({ name: 'SluiceError', code })
    expect(error?.message).toContain(says)
    fake.instead = undefined
    setRequests(101)
    expect(await readRequests(source)).toBe(101)
  })

  it('rejects a reading', async () => {
    fake.instead = listener
    const read = createPrometheusReading({ url: fake.url, query: 'queue_length' })
    await expect(read()).rejects.toMatchObject({ name: 'SluiceError', code })
  })
})

/** What an answer in the right form may hold. */
const badSeries: [string, RequestListener, says: string][] = [
  ...['NaN', '+Inf', '-Inf', '-1', '', 'ten'].map((value): [string, RequestListener, string] => [
    `the value "${value}"`,
    answerResult('vector', [stableSample(value)]),
    'stable.requests, requests{arm="stable"}: a series is ',
  ]),
  [
    'one sum over all processes',
    answerResult('vector', [sample('7', { sluice_query: 'stable.requests' })]),
    'sum by (instance)',
  ],
  [
    'a series of nothing that was asked',
    answerResult('vector', [sample('7', { instance: 'pod-0' })]),
    'without its label',
  ],
  [
    'a histogram without le',
    answerResult('vector', [sample('7', { sluice_query: 'stable.latency', instance: 'a' })]),
    'stable.latency, ms_s: a series has no le',
  ],
  [
    'a histogram without +Inf',
    answerResult('vector', [
      sample('7', { sluice_query: 'stable.latency', instance: 'a', le: '0.1' }),
    ]),
    'no le="+Inf"',
  ],
  [
    'a histogram that falls from bucket to bucket',
    answerResult('vector', [
      sample('7', { sluice_query: 'stable.latency', instance: 'a', le: '0.1' }),
      sample('6', { sluice_query: 'stable.latency', instance: 'a', le: '+Inf' }),
    ]),
    'less than the one below',
  ],
]

describe.each(badSeries)('an answer that holds %s', (_, listener, says) => {
  it('rejects a read, and names the query', async () => {
    fake.instead = listener
    await expect(openSource().read()).rejects.toMatchObject({ code: 'metric_source_invalid' })
    await expect(openSource().read()).rejects.toThrow(says)
  })
})

describe('a read of a source', () => {
  it('rejects while nobody listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const source = createPrometheusSource({ url, ...queries })
    await expect(source.read()).rejects.toMatchObject({
      code: 'metric_source_unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('rejects when an answer takes too long, also one that drips', async () => {
    const source = openSource(50)
    fake.instead = () => {}
    await expect(source.read()).rejects.toMatchObject({
      code: 'metric_source_unreachable',
      message: expect.stringMatching(
        /no whole answer within 50 ms, for stable.requests, .* and 5 more$/,
      ),
    })
    fake.instead = (_, response) => {
      response.write(' ')
      const drip = setInterval(() => response.write(' '), 10)
      response.once('close', () => clearInterval(drip))
    }
    await expect(source.read()).rejects.toThrow('no whole answer within 50 ms')
  })

  it('rejects where there is no series of either arm', async () => {
    await expect(openSource().read()).rejects.toMatchObject({ code: 'metric_source_silent' })
  })

  it('takes an arm without series for one that has served nothing, until it had some', async () => {
    const source = openSource()
    setRequests(100)
    expect((await source.read()).canary.requests).toBe(0)
    fake.series[queries.canary.requests] = pods(undefined, 5)
    await source.read()
    fake.series[queries.canary.requests] = []
    await expect(source.read()).rejects.toMatchObject({
      code: 'metric_source_silent',
      message: expect.stringContaining('canary.requests'),
    })
    fake.series[queries.canary.requests] = pods(undefined, 8)
    expect((await source.read()).canary.requests).toBe(8)
  })

  it('takes nothing of an answer older than the last, though its counters look restarted', async () => {
    const source = openSource()
    setRequests(100)
    await source.read()
    fake.at -= 3_600
    setRequests(60)
    await expect(source.read()).rejects.toMatchObject({
      code: 'metric_source_invalid',
      message: expect.stringContaining('older than the last'),
    })
    fake.at += 3_600
    setRequests(101)
    expect(await readRequests(source)).toBe(101)
  })

  it('names the one query that is refused', async () => {
    const source = openSource()
    fake.instead = (request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        const query = new URLSearchParams(body).get('query') ?? ''
        const isBad = query.includes('ms_c')
        const error = { status: 'error', error: 'expected type instant vector' }
        const good = { status: 'success', data: { resultType: 'vector', result: [] } }
        response.writeHead(isBad ? 400 : 200)
        response.end(JSON.stringify(isBad ? error : good))
      })
    }
    await expect(source.read()).rejects.toThrow(/for canary\.latency, ms_c$/)
  })
})

describe('a reading of Prometheus', () => {
  it('is the value of the one series', async () => {
    fake.series.queue_length = [[{}, '2.5']]
    const read = createPrometheusReading({ url: fake.url, query: 'queue_length' })
    expect(await read()).toBe(2.5)
  })

  it.each([
    ['0 series', []],
    ['2 series', pods(1, 2)],
    ['its value is NaN', pods('NaN')],
    ['its value is Infinity', pods('+Inf')],
  ])('rejects with the reason: %s', async (says, series) => {
    fake.series.queue_length = series
    const read = createPrometheusReading({ url: fake.url, query: 'queue_length' })
    await expect(read()).rejects.toMatchObject({ code: 'metric_source_invalid' })
    await expect(read()).rejects.toThrow(says)
  })

  it('needs a query', () => {
    const create = () => createPrometheusReading({ url: fake.url, query: '' })
    expect(create).toThrow(expect.objectContaining({ code: 'invalid_metric_source' }))
  })
})

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0)
}
