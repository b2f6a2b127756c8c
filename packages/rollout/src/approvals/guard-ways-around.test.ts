import type { FlagDefinitions } from '@sluice/core'
import { type ChangeNote, openFlags } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Approvals } from './approvals-contract.ts'
import { createApprovalsWorld, hourMs, order, yes } from './approvals-world.ts'
import { guardFlagCommands } from './guard-flag-commands.ts'

/** Ways in which somebody might get more people to see something new, past the guard of the commands. */

let world: Awaited<ReturnType<typeof createApprovalsWorld>>
let approvals: Approvals

beforeEach(async () => {
  world = await createApprovalsWorld()
  approvals = (await world.join()).approvals
})
afterEach(() => world.close())

const exposureKey = 'exposure/production/checkout'
const required = expect.objectContaining({ code: 'approval_required', flag: 'checkout' })

async function openShop(definitions: FlagDefinitions, desk = approvals) {
  const { store, clock } = world
  const flags = openFlags({ store, environment: 'production', definitions, clock, pollMs: hourMs })
  await flags.ready()
  const guarded = guardFlagCommands(flags, desk)
  return { flags, guarded, exposure: () => flags.replica.get(exposureKey)?.value }
}

describe('what the guard of the commands takes for going up (P12)', () => {
  it.each(['rollout/production/checkout', 'flag/checkout'])(
    'asks in a process without a definition, where the log knows the flag by %s only',
    async (key) => {
      const { flags, guarded, exposure } = await openShop({})
      // As a rollout that waits for approval leaves it, or a definition this process cannot read.
      const changes = [{ key, value: { from: 'another version' } }]
      await flags.replica.commit({ ...order, action: 'ask_rollout', changes })
      await expect(guarded.setRollout('checkout', 100, order)).rejects.toEqual(required)
      await expect(guarded.enable('checkout', order)).rejects.toEqual(required)
      expect(exposure()).toBeUndefined()
      await flags.close()
    },
  )

  it.each([
    ['the one that the definition names', { fresh: 1, plain: 2 }, { offVariant: 'plain' }],
    ['off, though the split leaves it out', { off: 0, plain: 1, fresh: 2 }, {}],
    ['the first, though the split leaves it out', { plain: 0, other: 1, fresh: 2 }, {}],
  ])('measures a split from the variant of those outside: %s', async (_, variants, more) => {
    const checkout = { enabled: true, rollout: 100, variants, serve: 'plain', ...more }
    const { flags, guarded, exposure } = await openShop({ checkout })
    await expect(guarded.setSplit('checkout', { fresh: 100 }, order)).rejects.toEqual(required)
    expect(exposure()).toBeUndefined()
    await flags.close()
  })

  it('asks for a split of a flag that is off, for a rollout would turn it on with that split', async () => {
    const variants = { off: 0, fresh: 1 }
    const { flags, guarded, exposure } = await openShop({ checkout: { enabled: true, variants } })
    await guarded.disable('checkout', order)
    await expect(guarded.setSplit('checkout', { fresh: 100 }, order)).rejects.toEqual(required)
    expect(exposure()).toEqual({ enabled: false })
    await flags.close()
  })

  it('does not measure from a percentage that is none, and so is not in service', async () => {
    const { flags, guarded, exposure } = await openShop({ checkout: { enabled: true, rollout: 5 } })
    const changes = [{ key: exposureKey, value: { rollout: 500 } }]
    await flags.replica.commit({ ...order, action: 'damage', changes })
    await expect(guarded.setRollout('checkout', 100, order)).rejects.toEqual(required)
    expect(exposure()).toEqual({ rollout: 500 })
    await flags.close()
  })

  it('does not use an approval that was taken back, which only the other log of the desk has not heard', async () => {
    const desk = await world.join()
    const { flags, guarded, exposure } = await openShop(
      { checkout: { enabled: true, rollout: 5 } },
      desk.approvals,
    )
    await expect(guarded.setRollout('checkout', 50, order)).rejects.toEqual(required)
    const [{ approval } = expect.fail('nobody has asked')] = desk.approvals.list()
    await desk.approvals.approve(approval.id, { ...yes, digest: approval.digest })
    await world.clock.advance(4 * hourMs)
    await desk.replica.close()
    await approvals.withdraw(approval.id, order)
    await expect(guarded.setRollout('checkout', 50, order)).rejects.toEqual(
      expect.objectContaining({ code: expect.stringMatching(/conflict|approval_required/) }),
    )
    expect(exposure()).toBeUndefined()
    await flags.close()
  })
})

describe('what the guard of the commands refuses as the plain commands do', () => {
  it.each([
    ['a flag that nobody knows', 'basket', 'flag_not_found'],
    ['a split of a flag whose variants are not known here', 'checkout', 'flag_not_found'],
  ])('%s', async (_, key, code) => {
    const { flags, guarded } = await openShop({})
    await flags.replica.commit({
      ...order,
      action: 'set_rollout',
      changes: [{ key: exposureKey, value: { rollout: 5 } }],
    })
    await expect(guarded.setSplit(key, { on: 100 }, order)).rejects.toEqual(
      expect.objectContaining({ code, flag: key }),
    )
    await flags.close()
  })

  it('a value that is missing, from untyped code', async () => {
    const { flags, guarded } = await openShop({ checkout: { enabled: true, rollout: 5 } })
    const move = guarded.setRollout as (key: string, percent: unknown, note: ChangeNote) => unknown
    await expect(move('checkout', undefined, order)).rejects.toEqual(
      expect.objectContaining({ code: 'invalid_type', pointer: '/rollout' }),
    )
    await flags.close()
  })
})
