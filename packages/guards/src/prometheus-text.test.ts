import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createHealthRecorder, joinPrometheusTexts, toPrometheusText } from './index.ts'
import { bucketLowerMs } from './latency-histogram.ts'
import { sluiceQueries } from './prometheus.ts'

/** Ten stable requests of 40 ms, one of which failed, and a canary's of 2 s. */
function createCounts() {
  const recorder = createHealthRecorder({ now: () => 0 })
  for (let n = 0; n < 10; n++) recorder.record('stable', n > 0, 40, `user-${n}`)
  recorder.record('canary', false, 2_000, 'user-10')
  recorder.track('signup', 'canary')
  return recorder.read()
}

const text = toPrometheusText(createCounts(), { flag: 'checkout', environment: 'production' })

function samplesOf(name: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(name))
}

describe('toPrometheusText', () => {
  it('writes the counters of both arms', () => {
    const labels = 'flag="checkout",environment="production",arm='
    expect(text).toContain(`# TYPE sluice_requests_total counter
sluice_requests_total{${labels}"stable"} 10
sluice_requests_total{${labels}"canary"} 1
# HELP sluice_errors_total Requests that failed.
# TYPE sluice_errors_total counter
sluice_errors_total{${labels}"stable"} 1
sluice_errors_total{${labels}"canary"} 1
`)
    expect(text).toContain(`sluice_failed_units_total{${labels}"stable"} 1`)
    expect(text).toContain(`sluice_units_total{${labels}"stable"} 10`)
    expect(text).toContain(`sluice_events_total{${labels}"canary",series="signup"} 1`)
    expect(text.endsWith('\n')).toBe(true)
  })

  it('leaves out what is not known', () => {
    const recorder = createHealthRecorder()
    recorder.record('stable', true, 40)
    const plain = recorder.prometheusText({ flag: 'checkout' })
    expect(plain).toBe(toPrometheusText(recorder.read(), { flag: 'checkout' }))
    expect(plain).not.toMatch(/units|events|environment/)
  })

  it('writes a histogram of at most 40 buckets, cumulative, and exact at its bounds', () => {
    const buckets = samplesOf('sluice_request_duration_seconds_bucket').filter((line) =>
      line.includes('arm="stable"'),
    )
    expect(buckets.length).toBeLessThanOrEqual(40)
    const read = buckets.map((line) => {
      const [, le = '', count = ''] = /le="(.*?)"} (\d+)$/.exec(line) ?? []
      return [le === '+Inf' ? Infinity : Number(le), Number(count)] as const
    })
    expect(read.at(-1)).toEqual([Infinity, 10])
    for (const [le, count] of read) expect(count).toBe(le > 0.04 ? 10 : 0)
    expect(read[0]?.[0]).toBe(0.001)
    expect(read[1]![0] * 1000).toBeCloseTo(bucketLowerMs(38 + 7), 4)
  })

  it('works out the sum from the buckets, within 2 %', () => {
    const [stable = '', canary = ''] = samplesOf('sluice_request_duration_seconds_sum')
    expect(Math.abs(Number(stable.split(' ')[1]) / 0.4 - 1)).toBeLessThan(0.02)
    expect(Math.abs(Number(canary.split(' ')[1]) / 2 - 1)).toBeLessThan(0.02)
    expect(samplesOf('sluice_request_duration_seconds_count')[0]).toMatch(/ 10$/)
  })

  it('escapes what would end a label', () => {
    const options = { flag: 'a"b\\c\nd', labels: { zone: 'é' } }
    expect(toPrometheusText(createCounts(), options)).toContain(
      'sluice_requests_total{flag="a\\"b\\\\c\\nd",zone="é",arm="stable"} 10',
    )
  })

  it.each([
    ['prefix', { prefix: '1st' }],
    ['label', { labels: { 'a-b': 'c' } }],
    ['label of ours', { labels: { arm: 'left' } }],
    ['label of Prometheus', { labels: { __name__: 'up' } }],
  ])('refuses a %s that Prometheus could not read', (_, wrong) => {
    expect(() => toPrometheusText(createCounts(), { flag: 'checkout', ...wrong })).toThrow(
      expect.objectContaining({ code: 'invalid_metric_name' }),
    )
  })

  it('is asked for by the queries of the same options', () => {
    const { canary } = sluiceQueries('checkout', { environment: 'production' })
    expect(samplesOf(canary.requests)).toHaveLength(1)
    expect(samplesOf(canary.failedUnits)).toHaveLength(1)
    expect(canary.latency).toBe(
      'sluice_request_duration_seconds_bucket{flag="checkout",environment="production",arm="canary"}',
    )
  })
})

describe('joinPrometheusTexts', () => {
  const joined = joinPrometheusTexts(
    ['checkout', 'search'].map((flag) => toPrometheusText(createCounts(), { flag })),
  )

  it('explains each name once, with its series together', () => {
    const heads = joined.split('\n').filter((line) => line.startsWith('# TYPE'))
    expect(new Set(heads).size).toBe(heads.length)
    expect(joined).toMatch(
      /# TYPE sluice_errors_total counter\n(sluice_errors_total.*\n){4}# HELP sluice_failed_units/,
    )
    const lines = (all: string) => all.split('\n').filter((line) => line.startsWith('sluice'))
    expect(lines(joined)).toHaveLength(2 * lines(text).length)
  })

  it('is what Prometheus’s own checker takes', async ({ skip }) => {
    const why = 'promtool is not installed: apt-get install prometheus'
    const check = promisify(execFile)('promtool', ['check', 'metrics'])
    check.child.stdin?.on('error', () => {})
    check.child.stdin?.end(joined)
    const error = await check.then(
      () => undefined,
      (thrown: { code?: unknown; stderr?: string }) => thrown,
    )
    if (error?.code === 'ENOENT' && process.env.SLUICE_REQUIRE_SERVICES !== '1') skip(why)
    expect(error?.stderr ?? error?.code).toBeUndefined()
  })
})
