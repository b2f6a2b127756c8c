import { createReplica } from '@sluice/stores'
import { counted, openAt, type Place } from './places.ts'
import { quantile, type Row } from './report.ts'

export const manyFlags = 10_000

/** Writes a log of many flags, and its snapshot. */
export async function writeManyFlags(url: string, log: string): Promise<void> {
  const { store, close } = await openAt(url, log)
  const replica = createReplica({ store, snapshotEvery: 0 })
  const perCommit = 500
  for (let first = 0; first < manyFlags; first += perCommit) {
    await replica.commit({
      actor: 'bench',
      action: 'define',
      reason: 'many flags',
      changes: Array.from({ length: perCommit }, (_, index) => ({
        key: `flag/flag-${first + index}`,
        value: definition(first + index),
      })),
    })
  }
  await replica.snapshot()
  await replica.close()
  await close()
}

function definition(index: number) {
  return {
    environments: { production: { enabled: true, rollout: index % 101 } },
    rules: [
      { if: { attribute: 'country', in: ['DE', 'FR', 'NL'] }, rollout: 50 },
      { if: { attribute: 'plan', is: `plan-${index % 10}` } },
      { if: { attribute: 'age', gte: 18, lt: 65 }, rollout: 10 },
    ],
  }
}

/** A new replica of many flags, from the snapshot to live. */
export async function catchUpRow({ name, url }: Place): Promise<Row> {
  await writeManyFlags(url, 'many')
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const { store, close } = await openAt(url, 'many')
    const replica = createReplica({ store })
    const begun = performance.now()
    await replica.refresh()
    times.push(performance.now() - begun)
    if (replica.keys('flag/').length !== manyFlags) throw new Error(`${name}: flags are missing`)
    await replica.close()
    await close()
  }
  return {
    title: `${name}: a replica of 10,000 flags catches up from a snapshot`,
    value: quantile(times, 0.5),
    unit: 'ms',
    most: 500,
    note: 'median of 5',
  }
}

const clients = 100
const intervals = 5
const pollMs = 1_000

/** What a hundred clients ask of a server whose log does not change. */
export async function pollingRow({ name, url }: Place): Promise<Row> {
  // A log of its own: a hundred replicas of a large one would be too busy to poll in time.
  const opened = await openAt(url, 'polling')
  const { store, reads } = counted(opened.store)
  const writer = createReplica({ store: opened.store })
  await writer.commit({ actor: 'bench', action: 'note', reason: 'the only one', changes: [] })
  await writer.close()
  const replicas = Array.from({ length: clients }, () =>
    createReplica({ store: { ...store, watch: async () => () => {} }, pollMs }),
  )
  await Promise.all(replicas.map((replica) => replica.start()))
  await Promise.all(replicas.map((replica) => replica.ready({ timeoutMs: 60_000 })))
  const before = reads()
  await new Promise((resolve) => setTimeout(resolve, intervals * pollMs))
  const asked = reads() - before
  await Promise.all(replicas.map((replica) => replica.close()))
  await opened.close()
  return {
    title: `${name}: reads of a client in an interval, the log unchanged`,
    value: asked / clients / intervals,
    unit: 'reads',
    most: 1,
    note: `${clients} clients, ${intervals} intervals of ${pollMs} ms`,
  }
}
