import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Alert, createWebhookSink } from '@sluice/guards/webhook'
import type { Clock } from '@sluice/stores'
import { expect, it } from 'vitest'
import { createDelivery } from './delivery.ts'

const alert: Alert = {
  ...{ id: 'a', condition: 'blind', severity: 'critical', status: 'firing', because: 'no answer' },
  ...{ flag: 'checkout', environment: 'production', rollout: 'checkout@2', next: 'It holds.' },
  ...{ at: 0, since: 0 },
}

it('a webhook that fails in every way gets the alert in the end, under one key', async () => {
  const answers: [status: number, headers?: Record<string, string>][] = [
    [500],
    [429, { 'retry-after': '7' }],
    [0],
    [503],
    [200],
  ]
  const keys: unknown[] = []
  const server = createServer((request, response) => {
    const [status, headers] = answers[keys.length] ?? [404]
    keys.push(request.headers['idempotency-key'])
    if (status === 0) response.destroy()
    else response.writeHead(status, headers).end()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sink = createWebhookSink({ url: `http://127.0.0.1:${port}/hush`, format: 'slack' })

  // Time that passes at once between tries, and not at all within one.
  const pauses: number[] = []
  const { promise: isDone, resolve: done } = withResolvers()
  const clock: Clock = {
    now: () => 0,
    after(delayMs, wake, { keepsAlive = false } = {}) {
      if (keepsAlive) return keys.length === answers.length - 1 ? done : () => {}
      pauses.push(delayMs)
      setImmediate(wake)
      return () => {}
    },
  }
  const errors: string[] = []
  const { push, close } = createDelivery(sink, {
    ...{ clock, random: () => 0.5 },
    onError: ({ code, message }) => void errors.push(`${code}: ${message}`),
  })
  push(alert)
  await isDone
  await close()
  expect(pauses).toEqual([2_000, 7_000, 18_000, 54_000])
  expect(keys).toHaveLength(5)
  expect(new Set(keys).size).toBe(1)
  expect(errors).toEqual([
    `alert_delayed: 127.0.0.1:${port} is told of blind on checkout later: 127.0.0.1:${port} cannot take the alert now (500).`,
  ])
  await sink.close()
  await new Promise((resolve) => void server.close(resolve))
})

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((give) => {
    resolve = give
  })
  return { promise, resolve }
}
