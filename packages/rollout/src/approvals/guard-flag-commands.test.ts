import { openFlags } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Approvals } from './approvals-contract.ts'
import { createApprovalsWorld, hourMs, order, yes } from './approvals-world.ts'
import { guardFlagCommands } from './guard-flag-commands.ts'

let world: Awaited<ReturnType<typeof createApprovalsWorld>>
let approvals: Approvals

beforeEach(async () => {
  world = await createApprovalsWorld()
  approvals = (await world.join()).approvals
})
afterEach(() => world.close())

async function openShop(environment = 'production') {
  const { store, clock } = world
  const definitions = { checkout: { enabled: true, rollout: 5 } }
  const flags = openFlags({ store, environment, definitions, clock, pollMs: hourMs })
  await flags.ready()
  return { flags, guarded: guardFlagCommands(flags, approvals) }
}

async function approveAll(): Promise<void> {
  await world.clock.advance(0)
  for (const { approval } of approvals.list({ status: 'pending' })) {
    await approvals.approve(approval.id, { ...yes, digest: approval.digest })
  }
  await world.clock.advance(4 * hourMs)
}

const required = expect.objectContaining({ code: 'approval_required', flag: 'checkout' })

describe('moving a flag by hand in production (P12)', () => {
  it('asks for approval to go up, and goes up once it has it', async () => {
    const { flags, guarded } = await openShop()
    await expect(guarded.setRollout('checkout', 50, order)).rejects.toEqual(required)
    expect(flags.replica.get('exposure/production/checkout')).toBeUndefined()
    // Pressing again asks nobody twice.
    await expect(guarded.setRollout('checkout', 50, order)).rejects.toEqual(required)
    expect(approvals.list()).toHaveLength(1)
    await approveAll()
    const commit = await guarded.setRollout('checkout', 50, order)
    expect(commit.changes.map(({ key }) => key.split('/')[0])).toEqual(['exposure', 'approval'])
    expect(flags.replica.get('exposure/production/checkout')?.value).toEqual({ rollout: 50 })
    await flags.close()
  })

  it('does not go up twice by one approval, nor to another share', async () => {
    const { flags, guarded } = await openShop()
    await expect(guarded.setRollout('checkout', 50, order)).rejects.toEqual(required)
    await approveAll()
    await expect(guarded.setRollout('checkout', 60, order)).rejects.toEqual(required)
    await guarded.setRollout('checkout', 50, order)
    await guarded.setRollout('checkout', 1, order)
    await expect(guarded.setRollout('checkout', 50, order)).rejects.toEqual(required)
    expect(flags.replica.get('exposure/production/checkout')?.value).toEqual({ rollout: 1 })
    await flags.close()
  })

  it('never waits to go down, or to switch off', async () => {
    const { flags, guarded } = await openShop()
    await flags.setRollout('checkout', 50, order)
    await guarded.setRollout('checkout', 20, order)
    await guarded.disable('checkout', order)
    expect(flags.replica.get('exposure/production/checkout')?.value).toEqual({
      enabled: false,
      rollout: 20,
    })
    await expect(guarded.enable('checkout', order)).rejects.toEqual(required)
    expect(approvals.list()).toHaveLength(1)
    await flags.close()
  })

  it('asks nobody where the policy requires nothing', async () => {
    const { flags, guarded } = await openShop('staging')
    await guarded.setRollout('checkout', 100, order)
    expect(approvals.list()).toEqual([])
    await flags.close()
  })

  it('does not take for down what went up because somebody else went down first', async () => {
    const { flags, guarded } = await openShop()
    await flags.setRollout('checkout', 50, order)
    const other = await openShop()
    // Seen from 50 percent, 20 is down; from the 5 that were written meanwhile, it is up.
    const [moved] = await Promise.allSettled([
      guarded.setRollout('checkout', 20, order),
      other.flags.setRollout('checkout', 5, { ...order, actor: 'olga' }),
    ])
    const log = await world.store.read(0)
    const shares = log.flatMap(({ changes }) =>
      changes.filter(({ key }) => key.startsWith('exposure/')).map(({ value }) => value),
    )
    const isUp = JSON.stringify(shares).includes('{"rollout":5},{"rollout":20}')
    expect(isUp).toBe(false)
    if (moved.status === 'rejected') expect(moved.reason).toEqual(required)
    await flags.close()
    await other.flags.close()
  })

  it.each([
    [
      'a share that is none',
      (guarded: Guarded) => guarded.setRollout('checkout', 101, order),
      'out_of_range',
    ],
    [
      'a flag that is none',
      (guarded: Guarded) => guarded.enable('basket', order),
      'flag_not_found',
    ],
  ])('refuses %s', async (_, act, code) => {
    const { flags, guarded } = await openShop()
    await expect(act(guarded)).rejects.toEqual(expect.objectContaining({ code }))
    await flags.close()
  })
})

type Guarded = ReturnType<typeof guardFlagCommands>
