import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { HealthCounts } from '@sluice/guards'
import {
  createPrometheusReading,
  createPrometheusSource,
  sluiceQueries,
} from '@sluice/guards/prometheus'
import { openFlags } from '@sluice/sdk'
import { afterEach, expect, it } from 'vitest'
import type { ServiceOrder } from '../../examples/guarded-rollout/service.ts'
import { definitions } from '../../examples/guarded-rollout/settings.ts'
import { openStore } from '../services/open-store.ts'
import { freePort } from '../services/process.ts'
import { prometheusOf } from '../services/prometheus.ts'
import { redis } from '../services/redis.ts'
import { describeWith } from '../services/service.ts'

const flag = 'newCheckout'
const environment = 'production'
const ports = [await freePort(), await freePort()]
const opened: { close(): Promise<unknown> }[] = []

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

/** What was answered to the test: the truth that the source must find. */
function createTruth() {
  const arms = { stable: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }
  return {
    arms,
    all: () => arms.stable.requests + arms.canary.requests,
    /** Sends requests of as many users to the service on a port. */
    async send(port: number, requests: number) {
      const answers = Array.from({ length: requests }, async (_, user) => {
        const headers = { 'x-user': `user-${user}` }
        const response = await fetch(`http://127.0.0.1:${port}/checkout`, { headers })
        await response.text()
        const arm = arms[response.headers.get('x-arm') as 'stable' | 'canary']
        arm.requests++
        if (response.status >= 500) arm.errors++
      })
      await Promise.all(answers)
    },
  }
}

/** One process of the demo's service; it ends with its parent. */
async function startService(order: ServiceOrder): Promise<ChildProcess> {
  const program = new URL('../../examples/guarded-rollout/service.ts', import.meta.url)
  const service = fork(fileURLToPath(program), [JSON.stringify(order)], {
    execArgv: ['--import', 'tsx', '-C', '@sluice/source'],
  })
  opened.push({ close: () => kill(service) })
  await once(service, 'message')
  return service
}

async function kill(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return
  service.kill('SIGKILL')
  await once(service, 'exit')
}

/** Waits for what must come true, however slow the machine; the test's own limit ends it. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 100))
}

function armsOf({ stable, canary }: HealthCounts) {
  return {
    stable: { requests: stable.requests, errors: stable.errors },
    canary: { requests: canary.requests, errors: canary.errors },
  }
}

describeWith(prometheusOf(ports), 'a Prometheus that scrapes two services', (prometheus) => {
  describeWith(redis, 'which share a log', (log) => {
    it('tells what they served, each request once, through an end and a new life', async () => {
      const storeName = `scraped-${randomUUID().slice(0, 8)}`
      const store = await openStore(log().url, storeName)
      const flags = openFlags({ store: store.store, environment, definitions })
      opened.push(store, flags)
      await flags.ready({ timeoutMs: 30_000 })
      const note = { actor: 'ada', reason: 'a test' }
      await flags.setRollout(flag, 40, note)
      await flags.enable(flag, note)

      const start = (index: number) =>
        startService({
          ...{ flag, storeName, storeUrl: log().url, processId: `shop-${index}` },
          ...{ port: ports[index]!, stableFailEvery: 20, canaryFailEvery: 4 },
        })
      const [first] = await Promise.all([start(0), start(1)])
      const truth = createTruth()
      const source = createPrometheusSource({
        url: prometheus().url,
        ...sluiceQueries(flag, { environment, labels: { job: 'shop' } }),
      })
      let last: HealthCounts | undefined
      /** Never more than was served, nor less than before: each read is one that a guard could have judged by. */
      const read = async () => {
        const counts = await Promise.resolve(source.read()).catch((error: { code: string }) => {
          // Before the first scrape, and while every service is down.
          expect(error.code).toBe('metric_source_silent')
          return undefined
        })
        if (counts === undefined) return 0
        for (const arm of ['stable', 'canary'] as const) {
          expect(counts[arm].requests).toBeLessThanOrEqual(truth.arms[arm].requests)
          expect(counts[arm].requests).toBeGreaterThanOrEqual(last?.[arm].requests ?? 0)
          expect(counts[arm].errors).toBeLessThanOrEqual(counts[arm].requests)
        }
        last = counts
        return counts.stable.requests + counts.canary.requests
      }

      await until(async () => (await read()) === 0 && last?.processes === 2)
      await truth.send(ports[0]!, 200)
      await truth.send(ports[1]!, 120)
      expect(Math.min(truth.arms.stable.errors, truth.arms.canary.errors)).toBeGreaterThan(0)
      await until(async () => (await read()) === truth.all())
      expect(armsOf(last!)).toEqual(truth.arms)
      expect(last!.processes).toBe(2)
      for (const arm of ['stable', 'canary'] as const) {
        const timed = Array.from(last![arm].latency).reduce((sum, count) => sum + count, 0)
        expect(timed).toBeCloseTo(truth.arms[arm].requests, 6)
      }

      // A service dies and comes back on its port: its counters fall, and all it counted stays counted.
      await kill(first)
      await truth.send(ports[1]!, 30)
      await until(async () => (await read()) === truth.all())
      const second = await start(0)
      await truth.send(ports[0]!, 50)
      await until(async () => (await read()) === truth.all())
      expect(armsOf(last!)).toEqual(truth.arms)

      // What it served since the last scrape dies with it, and nothing more.
      const scraped = truth.all()
      await truth.send(ports[0]!, 25)
      await kill(second)
      await start(0)
      await truth.send(ports[0]!, 40)
      await truth.send(ports[1]!, 10)
      const readLive = createPrometheusReading({
        url: prometheus().url,
        query: `sum(sluice_requests_total{flag="${flag}",instance="127.0.0.1:${ports[0]}"})`,
      })
      await until(async () => (await readLive().catch(() => 0)) === 40)
      await until(async () => (await read()) >= scraped + 50)
      const lost = truth.all() - (await read())
      expect(lost).toBeGreaterThanOrEqual(0)
      expect(lost).toBeLessThanOrEqual(25)
    })

    it('answers what it is asked: a scalar, a bad query and no series are told apart', async () => {
      const { url } = prometheus()
      const stable = { requests: 'up{job="shop"}' }
      const read = (canary: string) =>
        createPrometheusSource({ url, stable, canary: { requests: canary } }).read()
      await expect(read('vector(1)')).rejects.toThrow('sum by (instance)')
      await expect(read('scalar(up)')).rejects.toThrow('canary.requests, scalar(up)')
      await expect(read('up{')).rejects.toMatchObject({ code: 'metric_source_refused' })
      await expect(read('up{')).rejects.toThrow(/parse error.*canary\.requests, up\{/)
      await expect(read('up{job="shop"} # both of them')).resolves.toMatchObject({ processes: 2 })
      const none = createPrometheusSource({
        ...{ url, stable: { requests: 'nothing' }, canary: { requests: 'nothing' } },
      })
      await expect(none.read()).rejects.toMatchObject({ code: 'metric_source_silent' })
    })
  })
})
