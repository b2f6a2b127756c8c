import { setTimeout as sleep } from 'node:timers/promises'
import { verifyLog } from '@sluice/stores'
import { expect, it } from 'vitest'
import { nats } from '../services/nats.ts'
import { openStore } from '../services/open-store.ts'
import { postgres } from '../services/postgres.ts'
import { redis } from '../services/redis.ts'
import { describeWith, type Service } from '../services/service.ts'
import { createRandom, runSource, wholeLines } from './processes.ts'

const writers = ['one', 'two', 'three', 'four']
const perWriter = 1_250
const total = writers.length * perWriter
/** A lost commit is waited for without end: then this ends the test. */
const timeoutMs = 180_000

for (const kind of [redis, postgres, nats]) {
  describeWith(kind, `${kind.name}, killed and begun again under ${total} commits`, (service) => {
    it(
      'loses none, doubles none, leaves no gap, and every process converges',
      () => survive(service()),
      timeoutMs,
    )
  })
}

async function survive(server: Service): Promise<void> {
  const opened = await openStore(server.url, 'killed')
  const args = (writer: string) => [server.url, 'killed', writer, String(perWriter), String(total)]
  const running = writers.map((writer) => runSource('committer', args(writer)))
  let isOver = false
  const ending = Promise.all(running.map(({ ended }) => ended)).finally(() => {
    isOver = true
  })
  // Heard below; until then a failure must not be unheard.
  ending.catch(() => {})
  await Promise.all(running.map(({ firstLine }) => firstLine))

  const random = createRandom(7)
  let kills = 0
  while (!isOver && kills < 8) {
    await sleep(100 + random() * 500)
    await server.kill()
    kills += 1
    await sleep(random() * 300)
    await server.restart()
  }
  expect(await ending).toEqual(writers.map(() => 0))
  expect(kills).toBeGreaterThan(2)

  await opened.close()
  const { store, close } = await openStore(server.url, 'killed')
  const check = await verifyLog(store)
  expect(check).toMatchObject({ ok: true, head: { revision: total } })
  const commits = await store.read(0)
  expect(commits.map(({ revision }) => revision)).toEqual(commits.map((_, index) => index + 1))
  expect(new Set(commits.map(({ changes }) => changes[0]?.key)).size).toBe(total)
  for (const { said } of running) {
    const lines = wholeLines(said())
    expect(lines.pop()).toBe(`head ${total} ${commits.at(-1)?.hash}`)
    for (const line of lines) {
      const [revision, hash] = line.split(' ') as [string, string]
      expect(commits[Number(revision) - 1]?.hash, `revision ${revision}`).toBe(hash)
    }
  }
  await close()
}
