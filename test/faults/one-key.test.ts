import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReplica, verifyLog } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import { nats } from '../services/nats.ts'
import { type OpenStore, openStore } from '../services/open-store.ts'
import { postgres } from '../services/postgres.ts'
import { redis } from '../services/redis.ts'
import { describeWith } from '../services/service.ts'

const commits = 10_000
/** As many processes as race; each has a client of its own. */
const racers = 10
/** A call of each racer a round; each round rests on what the last one left. */
const rounds = 20

/** Ten thousand commits on one key, each of which expects that nobody else wrote it. */
async function race(open: () => Promise<OpenStore>): Promise<void> {
  const opened = await Promise.all(Array.from({ length: racers }, open))
  const replicas = opened.map(({ store }) => createReplica({ store, snapshotEvery: 0 }))
  const won: number[] = []
  const codes = new Set<unknown>()
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(replicas.map((replica) => replica.refresh()))
    const calls = Array.from({ length: commits / rounds }, (_, n) => {
      const replica = replicas[n % racers]!
      return replica.commit({
        actor: `racer ${n % racers}`,
        action: 'take',
        reason: 'a race',
        changes: [{ key: 'prize', value: round * commits + n }],
      })
    })
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === 'fulfilled') won.push(result.value.revision)
      else codes.add((result.reason as { code?: unknown }).code)
    }
  }
  const { store } = opened[0]!
  const log = await store.read(0)
  expect(won.sort((one, other) => one - other)).toEqual(log.map(({ revision }) => revision))
  // All calls of a round rest on one revision, so one of them wins.
  expect(log).toHaveLength(rounds)
  expect(codes).toEqual(new Set(['conflict']))
  expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: rounds } })
  await Promise.all(replicas.map((replica) => replica.close()))
  await Promise.all(opened.map(({ close }) => close()))
}

const title = `lets one of many win each revision: ${commits} calls of ${racers} clients on one key`

describe('memory and files', () => {
  it(`memory ${title}`, async () => {
    const store = createMemoryStore()
    await race(async () => ({ store, close: async () => {} }))
  })

  it(`file ${title}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-one-key-'))
    await race(async () => {
      const store = createFileStore({ directory })
      return { store, close: () => store.close() }
    })
    await rm(directory, { recursive: true })
  })
})

for (const kind of [redis, postgres, nats]) {
  describeWith(kind, kind.name, (service) => {
    it(title, () => race(() => openStore(service().url, 'one_key', 10_000)))
  })
}
