import { defaultPolicy } from '@sluice/rollout'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { openFlags } from './open-flags.ts'

const note = { actor: 'ann', reason: 'a test' }

describe('flags.lifecycle', () => {
  it('says of each flag at which point it is, from definitions and log', async () => {
    const clock = createManualClock(Date.UTC(2026, 0, 1))
    const flags = openFlags({
      ...{ store: createMemoryStore(), clock, environment: 'production' },
      definitions: {
        checkout: { environments: ['production'] },
        search: { environments: ['production'], owner: 'bob' },
      },
    })
    await flags.ready()
    await flags.enable('checkout', note)
    await flags.setRollout('checkout', 5, note)
    const change = { key: 'exposure/production/old', value: { enabled: true, rollout: 5 } }
    await flags.replica.commit({ ...note, action: 'note', changes: [change] })
    expect(await flags.lifecycle()).toMatchObject([
      { key: 'checkout', point: 'production', percent: 5, by: 'ann', since: clock.now() },
      { key: 'old', point: 'archived' },
      { key: 'search', point: 'created', owner: 'bob', percent: 0 },
    ])
    await flags.disable('checkout', note)
    expect(await flags.lifecycle()).toMatchObject([{ point: 'killed' }, {}, {}])
    await flags.enable('checkout', note)
    await flags.setRollout('checkout', 100, note)
    const policy = { ...defaultPolicy, flags: { ...defaultPolicy.flags, removeAfterMs: 1_000 } }
    const now = clock.now() + 1_000
    expect(await flags.lifecycle({ now })).toMatchObject([{ point: 'released' }, {}, {}])
    expect(await flags.lifecycle({ policy, now })).toMatchObject([
      { point: 'due_for_removal', next: { action: 'remove' } },
      ...[{}, {}],
    ])
    await flags.close()
  })
})
