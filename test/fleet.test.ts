import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { canary, createRolloutController, errorRate, openFlags } from '@sluice/sdk'
import { afterEach, describe, expect, it } from 'vitest'
import { nats } from './services/nats.ts'
import { openStore } from './services/open-store.ts'
import { postgres } from './services/postgres.ts'
import { redis } from './services/redis.ts'
import { describeWith } from './services/service.ts'

const definitions = { checkout: { environments: ['production'] } }
/** Nothing here waits for a stage: what is tested is what the guards are given. */
const plan = canary({ monitorMs: 3_600_000 })
const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

/** Flags as one process has them: over a client of its own. */
async function join(url: string, name: string, processId: string) {
  const store = await openStore(url, name)
  const flags = openFlags({
    ...{ definitions, processId, environment: 'production' },
    store: store.store,
    pollMs: 100,
  })
  opened.push(store, flags)
  expect(await flags.ready({ timeoutMs: 30_000 })).toBe(true)
  const fleet = flags.fleet('checkout')
  return {
    flags,
    fleet,
    serve(requests: number) {
      for (let n = 0; n < requests; n++) flags.health('checkout').record('stable', n % 5 > 0, 3)
    },
    async sum() {
      const { stable, canary: onTrial } = await fleet.read()
      return stable.requests + onTrial.requests
    },
  }
}

/** Waits for what must come true, however slow the machine; the test's own limit ends it. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 50))
}

for (const kind of [redis, postgres, nats]) {
  describeWith(kind, `counts of several processes over ${kind.name}`, (service) => {
    it('add up, in every process, through an outage of the service', async () => {
      const name = `fleet_${randomUUID().slice(0, 8)}`
      const one = await join(service().url, name, 'shop-1')
      const other = await join(service().url, name, 'shop-2')
      const controller = createRolloutController({
        ...{ flags: one.flags, flag: 'checkout', plan, guards: [errorRate()] },
      })
      await controller.start({ actor: 'ada', reason: 'a test' })
      one.serve(100)
      other.serve(20)
      for (const { sum } of [one, other]) await until(async () => (await sum()) === 120)

      await service().kill()
      await expect(one.sum()).rejects.toThrow()
      one.serve(5)
      other.serve(5)
      await service().restart()
      // Never more, on the way there: each request counts once.
      const sums: number[] = []
      for (const { sum } of [one, other]) {
        await until(async () => {
          sums.push(await sum().catch(() => 0))
          return sums.at(-1) === 130
        })
      }
      expect(Math.max(...sums)).toBe(130)
      expect(one.fleet.processes()).toMatchObject([
        { processId: 'shop-1', stable: { requests: 105 } },
        { processId: 'shop-2', stable: { requests: 25, errors: 5 } },
      ])
    })
  })
}

describeWith(redis, 'the demo over a store', (service) => {
  it('rolls a bad canary back on the sum of two services, and leaves nothing behind', async () => {
    const root = fileURLToPath(new URL('..', import.meta.url))
    const args = ['--import', 'tsx', '-C', '@sluice/source', 'examples/guarded-rollout/main.ts']
    const demo = spawn(process.execPath, [...args, '--act', '2', '--store', service().url], {
      cwd: root,
    })
    let output = ''
    for (const stream of [demo.stdout, demo.stderr]) {
      stream.on('data', (text: Buffer) => {
        output += text
      })
    }
    const code = await new Promise((resolve) => demo.once('close', resolve))
    expect(code, output).toBe(0)
    expect(output).toMatch(/shop-1 \(live\): stable \d+ requests/)
    expect(output).toMatch(/shop-2 \(live\): stable \d+ requests/)
    const { createClient } = await import('redis')
    const client = createClient({ url: service().url })
    await client.connect()
    expect(await client.keys('*sluice-demo*')).toEqual([])
    client.destroy()
  }, 150_000)
})

describe('the demo', () => {
  it('refuses a store that it does not know', async () => {
    const { openDemoStore } = await import('../examples/guarded-rollout/open-store.ts')
    await expect(openDemoStore('mysql://localhost', 'x')).rejects.toThrow('redis://')
  })
})
