import type { SluiceError } from '@sluice/core'
import { createReplica, openFlags } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'

const count = 1_000
const thrower = 500
const thrown = new Error('a bug of the application')

/** Subscribes a thousand times, once with a bug, and counts who was called. */
function subscribe(on: (listener: () => void) => unknown): number[] {
  const calls = Array.from({ length: count }, () => 0)
  for (let index = 0; index < count; index += 1) {
    on(() => {
      calls[index]! += 1
      if (index === thrower) throw thrown
    })
  }
  return calls
}

const draft = (rollout: number) => ({
  actor: 'ann',
  action: 'set_rollout',
  reason: 'a test',
  changes: [{ key: 'exposure/production/a', value: { rollout } }],
})

describe('a thousand subscribers, of which one throws', () => {
  it('are all called by a replica, which reports the one and goes on', async () => {
    const store = createMemoryStore()
    const replica = createReplica({ store })
    const errors: SluiceError[] = []
    // Nor does a listener of errors that throws keep them from the next one.
    replica.on('error', () => {
      throw thrown
    })
    replica.on('error', (error) => errors.push(error))
    const calls = {
      change: subscribe((listener) => replica.on('change', listener)),
      status: subscribe((listener) => replica.on('status', listener)),
    }
    await replica.start()
    expect(await replica.ready()).toBe(true)
    for (let rollout = 1; rollout <= 3; rollout += 1) await replica.commit(draft(rollout))
    expect(calls.change).toEqual(Array(count).fill(3))
    expect(calls.status).toEqual(Array(count).fill(1))
    expect(errors.map(({ code, cause }) => [code, cause])).toEqual(
      Array(4).fill(['listener_failed', thrown]),
    )
    expect(errors.at(-1)?.message).toContain('"change"')
    expect(replica.get('exposure/production/a')).toMatchObject({ value: { rollout: 3 } })
    expect(replica.status).toBe('live')
    await replica.close()
  })

  it('are all called by a client, whose answers have changed by then', async () => {
    const store = createMemoryStore()
    const client = openFlags({
      store,
      environment: 'production',
      definitions: { a: { enabled: true, rollout: 0, environments: ['production'] } },
    })
    const errors: SluiceError[] = []
    client.on('error', (error) => errors.push(error))
    const calls = subscribe((listener) => client.on('change', listener))
    const answers: boolean[] = []
    client.on('change', () => answers.push(client.isEnabled('a', 'ann')))
    expect(await client.ready()).toBe(true)
    const note = { actor: 'ann', reason: 'a test' }
    await client.setRollout('a', 100, note)
    await client.setRollout('a', 0, note)
    expect(calls).toEqual(Array(count).fill(2))
    expect(answers).toEqual([true, false])
    expect(errors.map(({ code, cause }) => [code, cause])).toEqual(
      Array(2).fill(['listener_failed', thrown]),
    )
    await client.close()
  })
})
