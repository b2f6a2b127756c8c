import type { RequestListener } from 'node:http'
import { createPrometheusReading, createPrometheusSource } from '@sluice/guards/prometheus'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../services/process.ts'
import {
  type FakePrometheus,
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

function openSource(timeoutMs = 5_000) {
  return createPrometheusSource({ url: fake.url, ...queries, timeoutMs })
}

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
    'of no time',
    (_, response) => {
      const value = '{"metric":{},"value":[1e999,"1"]}'
      response.end(`{"status":"success","data":{"resultType":"vector","result":[${value}]}}`)
    },
    'metric_source_invalid',
    'gave what is no sample',
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
    setRequests(fake, 100)
    await source.read()
    fake.instead = listener
    const error = await Promise.resolve(source.read()).then(
      () => undefined,
      (thrown: Error & { code: string }) => thrown,
    )
    expect(error).toMatchObject({ name: 'SluiceError', code })
    expect(error?.message).toContain(says)
    fake.instead = undefined
    setRequests(fake, 101)
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
    setRequests(fake, 100)
    expect((await source.read()).canary.requests).toBe(0)
    fake.series[queries.canary.requests] = pods(5)
    await source.read()
    fake.series[queries.canary.requests] = []
    await expect(source.read()).rejects.toMatchObject({
      code: 'metric_source_silent',
      message: expect.stringContaining('canary.requests'),
    })
    fake.series[queries.canary.requests] = pods(8)
    expect((await source.read()).canary.requests).toBe(8)
  })

  it('takes nothing of an answer older than the last, though its counters look restarted', async () => {
    const source = openSource()
    setRequests(fake, 100)
    await source.read()
    fake.at -= 3_600
    setRequests(fake, 60)
    await expect(source.read()).rejects.toMatchObject({
      code: 'metric_source_invalid',
      message: expect.stringContaining('older than the last'),
    })
    fake.at += 3_600
    setRequests(fake, 101)
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
