import type { RequestListener } from 'node:http'
import { createPrometheusSource } from '@sluice/guards/prometheus'
import { createManualClock } from '@sluice/rollout/testing'
import { canary, createRolloutController, errorRate, openFlags } from '@sluice/sdk'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakePrometheus, startFakePrometheus } from './fake-prometheus.ts'

const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 50 }, { rolloutPercent: 100 }],
  monitorMs: 5_000,
  minHoldMs: 1_000,
})

let fake: FakePrometheus
const opened: { close(): Promise<void> }[] = []
beforeEach(async () => {
  fake = await startFakePrometheus()
  opened.push(fake)
})
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

/** A rollout that is judged by what the fake Prometheus says, second by second. */
async function openRollout() {
  const clock = createManualClock()
  const flags = openFlags({
    store: createMemoryStore(),
    environment: 'production',
    definitions: { checkout: {} },
    clock,
  })
  opened.push(flags)
  await flags.ready()
  const source = createPrometheusSource({
    ...{ url: fake.url, timeoutMs: 200 },
    stable: { requests: 'stable_requests', errors: 'stable_errors' },
    canary: { requests: 'canary_requests', errors: 'canary_errors' },
  })
  const controller = createRolloutController({
    ...{ flags, flag: 'checkout', plan, source, clock },
    guards: [errorRate({ minRequests: 50 })],
  })
  const notices: string[] = []
  controller.on('event', ({ name, message }) => notices.push(`${name}: ${message}`))
  await controller.start({ actor: 'ada', reason: 'a test' })
  let seconds = 0
  return {
    controller,
    notices,
    /** Healthy traffic in both arms, and a look each second. */
    async watch(forSeconds: number) {
      for (let second = 0; second < forSeconds; second++) {
        seconds++
        fake.at += 1
        for (const arm of ['stable', 'canary']) {
          fake.series[`${arm}_requests`] = [[{ instance: 'pod-0' }, 100 * seconds]]
          fake.series[`${arm}_errors`] = [[{ instance: 'pod-0' }, seconds]]
        }
        await clock.advance(1_000)
        await controller.tick()
      }
      return controller.state as { phase: string; stage?: number; because?: string }
    },
  }
}

const answer =
  (text: string, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status)
    response.end(text)
  }
const value = (digits: string) => {
  const metric = { sluice_query: 'canary.requests', instance: 'pod-0' }
  const result = [{ metric, value: [2e9, digits] }]
  return JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
}
const empty = '{"status":"success","data":{"resultType":"vector","result":[]}}'

describe('a rollout judged by a Prometheus', () => {
  it('advances while all is well', async () => {
    const { watch } = await openRollout()
    expect((await watch(40)).phase).toBe('completed')
  })

  it.each<[string, RequestListener, says: string]>([
    ['breaks the connection', (_, response) => response.destroy(), 'Prometheus at'],
    ['answers 503', answer('', 503), 'answered 503'],
    ['answers 400', answer('{"error":"bad_data"}', 400), 'answered 400 (bad_data)'],
    ['answers a page', answer('<html>'), 'gave no JSON'],
    ['knows no series', answer(empty), 'no series'],
    ['knows no number', answer(value('NaN')), 'a series is NaN'],
    ['knows an infinite one', answer(value('+Inf')), 'a series is Infinity'],
    ['knows a negative one', answer(value('-5')), 'a series is -5'],
    ['answers a matrix', answer(empty.replace('vector', 'matrix')), 'gave a matrix'],
    ['never answers', () => {}, 'no whole answer within 200 ms'],
  ])('neither moves nor throws while it %s, says why, and goes on', async (_, bad, says) => {
    const { watch, notices } = await openRollout()
    await watch(2)
    fake.instead = bad
    const state = await watch(15)
    expect(state).toMatchObject({ stage: 0 })
    expect(['running', 'holding']).toContain(state.phase)
    expect(notices.join('\n')).toContain(says)
    expect(notices.join('\n')).not.toMatch(/advanced|rolled/)
    fake.instead = undefined
    expect((await watch(60)).phase).toBe('completed')
  })

  it('does not move while the canary has no series yet', async () => {
    const { watch } = await openRollout()
    fake.hides = 'canary_requests'
    expect(await watch(15)).toMatchObject({ stage: 0 })
    fake.hides = undefined
    expect((await watch(60)).phase).toBe('completed')
  })

  it('neither moves nor throws while its clock is an hour back', async () => {
    const { watch, notices } = await openRollout()
    await watch(2)
    fake.at -= 3_600
    expect(await watch(15)).toMatchObject({ stage: 0 })
    expect(notices.join('\n')).toContain('older than the last')
    fake.at += 3_600
    expect((await watch(60)).phase).toBe('completed')
  })
})
