import type { EvaluationContext } from '@sluice/core'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryStore, openFlags } from './index.ts'

const definitions = { checkout: { enabled: true, environments: ['production'], rollout: 100 } }
const note = { actor: 'ada', reason: 'test' }

let clock = createManualClock()
const opened: { close(): Promise<void> }[] = []
beforeEach(() => {
  clock = createManualClock()
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

async function open() {
  const store = createMemoryStore({ clock })
  const flags = openFlags({ store, clock, definitions, environment: 'production' })
  opened.push(flags)
  await flags.ready()
  const serve = (context: EvaluationContext, isOk: boolean) =>
    flags.guarded('checkout', context, { on: () => isOk, off: () => isOk, isOk: (ok) => ok })
  const read = () => flags.health('checkout').read()
  return { flags, serve, read }
}

describe('guarded', () => {
  it("counts a user's retries in a minute as one failed unit, whatever holds the key", async () => {
    const { serve, read } = await open()
    for (let retry = 0; retry < 5; retry++) {
      serve('ada', false)
      serve({ targetingKey: 'ada' }, false)
      serve({ id: 'ada', plan: 'free' }, false)
      serve({ userId: 7 }, false)
    }
    expect(read().canary).toMatchObject({ requests: 20, errors: 20, failedUnits: 2, units: 2 })
    await clock.advance(60_000)
    serve('ada', false)
    expect(read().canary).toMatchObject({ errors: 21, failedUnits: 3 })
  })

  it('counts each error of users nobody knows', async () => {
    const { serve, read } = await open()
    serve('ada', true)
    for (const context of [undefined, null, '', {}]) expect(serve(context, false)).toBe(false)
    const { canary } = read()
    expect([canary.errors, canary.failedUnits, canary.units]).toEqual([4, 4, 1])
  })

  it('serves the old code to who cannot be placed, and counts nothing', async () => {
    const { flags, read } = await open()
    await flags.setRollout('checkout', 50, note)
    const closed = {
      get targetingKey(): string {
        throw new Error('closed')
      },
    }
    const branches = { on: () => 'new', off: () => 'old' }
    for (const context of [undefined, null, '', {}, closed]) {
      expect(flags.guarded('checkout', context, branches)).toBe('old')
    }
    expect(flags.forRequest({}).guarded('checkout', branches)).toBe('old')
    const { stable, canary } = read()
    expect([stable.requests, canary.requests]).toEqual([0, 0])
  })

  it('counts units anew when the exposure changes', async () => {
    const { flags, serve, read } = await open()
    serve('ada', true)
    serve('ada', true)
    expect(read().canary.units).toBe(1)
    await flags.disable('checkout', note)
    serve('ada', true)
    serve('ada', true)
    const { stable, canary } = read()
    expect([stable.units, canary.units]).toEqual([1, 1])
  })

  it('counts nobody anew when an edit moves nobody', async () => {
    const { flags, serve, read } = await open()
    serve('ada', true)
    const value = { ...definitions.checkout, description: 'the new checkout' }
    const changes = [{ key: 'flag/checkout', value }]
    await flags.replica.commit({ ...note, action: 'describe', changes })
    expect(flags.snapshot().inspect('checkout')?.definition.description).toBe('the new checkout')
    serve('ada', true)
    expect(read().canary.units).toBe(1)
  })

  it('counts a branch that hangs as an error, once, though it ends well later', async () => {
    const { flags, read } = await open()
    let settle = (_: string) => {}
    const result = flags.guarded('checkout', 'ada', {
      on: () => new Promise<string>((resolve) => (settle = resolve)),
      off: () => '',
    })
    await clock.advance(29_999)
    expect(read().canary.requests).toBe(0)
    await clock.advance(1)
    expect(read().canary).toMatchObject({ requests: 1, errors: 1, failedUnits: 1 })
    settle('late')
    expect(await result).toBe('late')
    expect(read().canary).toMatchObject({ requests: 1, errors: 1 })
  })
})
