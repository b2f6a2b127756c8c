import { describe, expect, it } from 'vitest'
import { isProcedureOver } from '../procedure/state.ts'
import { createBlueGreenWorld, ops, order } from './blue-green-world.fixture.ts'

const adoption = { ...order, live: 'blue', idle: 'green', version: 'v1' }

/**
 * One deployment whose process dies after its n-th effect; another process is there, and carries on.
 *
 * @returns What stood at the end, and how many effects the first process had.
 */
async function play(story: 'good' | 'bad' | 'by hand', dieAfter: number) {
  const world = createBlueGreenWorld()
  const first = await world.join(dieAfter)
  const second = await world.join()
  const { shop } = second
  // What dies in here never comes back.
  void first.shop.adopt(adoption).then(() => {
    first.shop.run()
    return first.shop.start({ ...order, version: 'v2' })
  })
  await world.clock.advance(3_000)
  // A person finds the process dead, and says the same again.
  await shop.adopt(adoption)
  await shop.start({ ...order, version: 'v2' })
  shop.run()
  const rollout = () => shop.controller.state
  if (story !== 'good') await world.until(() => rollout()?.phase === 'running')
  if (story === 'bad') world.judge('fail')
  if (story === 'by hand') await shop.switchBack(ops)
  await world.until(() => shop.state !== undefined && isProcedureOver(shop.state))
  // The router's last word may come a moment later.
  await world.clock.advance(10_000)
  const end = {
    phase: shop.state?.phase,
    record: shop.record,
    weights: world.router.weights,
    arms: { ...world.arms },
    rollout: rollout()?.phase,
    // Which step notices that it goes back depends on the moment; which are undone does not.
    steps: shop.state?.steps
      .filter(({ name }) => story === 'good' || name === 'deploy' || name === 'switch')
      .map(({ name, phase }) => `${name} ${phase}`),
  }
  const commits = await world.store.read(0)
  const count = (action: string) => commits.filter((commit) => commit.action === action).length
  const counts = {
    starts: count('start_rollout'),
    rollbacks: count('roll_back') - (story === 'by hand' ? 1 : 0),
    unserved: world.calls.filter((call) => call.includes('RUNS NOTHING')),
  }
  const { effects } = first
  await world.close()
  return { end, counts, effects, calls: world.calls }
}

describe.each(['good', 'bad', 'by hand'] as const)('a process that dies: %s', (story) => {
  it('after whichever effect, leaves a deployment that ends as without it', async () => {
    const undisturbed = await play(story, Number.POSITIVE_INFINITY)
    expect(undisturbed.end.phase).toBe(story === 'good' ? 'succeeded' : 'undone')
    expect(undisturbed.counts.unserved).toEqual([])
    expect(undisturbed.effects).toBeGreaterThan(15)
    for (let dieAfter = 1; dieAfter <= undisturbed.effects; dieAfter += 1) {
      const { end, counts } = await play(story, dieAfter)
      expect({ dieAfter, ...end }).toEqual({ dieAfter, ...undisturbed.end })
      expect({ dieAfter, ...counts }).toEqual({ dieAfter, ...undisturbed.counts })
    }
  })
})
