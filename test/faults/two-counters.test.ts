import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReplica, verifyLog } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { expect, it } from 'vitest'
import { bundleProgram, run } from './processes.ts'

const times = 1_000

it(`two processes raise one number ${times} times each, and no update is lost`, async () => {
  const programs = await mkdtemp(join(tmpdir(), 'sluice-programs-'))
  const directory = await mkdtemp(join(tmpdir(), 'sluice-counters-'))
  const counter = await bundleProgram('counter', programs)
  const both = ['one', 'two'].map((name) => run(counter, [directory, name, String(times)]))
  expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0])

  const store = createFileStore({ directory })
  const replica = createReplica({ store })
  await replica.refresh()
  expect(replica.get('counter')).toMatchObject({ value: 2 * times, revision: 2 * times })
  expect(await verifyLog(store)).toMatchObject({ ok: true, head: replica.head })
  // Each value was written once, in order: nobody overwrote what he had not read.
  const values = (await store.read(0)).map((commit) => commit.changes[0]?.value)
  expect(values).toEqual(values.map((_, index) => index + 1))
  // They did race, or the test shows nothing.
  const lost = both.map(({ said }) => (JSON.parse(said()) as { lost: number }).lost)
  expect(lost[0]! + lost[1]!).toBeGreaterThan(0)

  await replica.close()
  await store.close()
  await Promise.all([programs, directory].map((path) => rm(path, { recursive: true })))
})
