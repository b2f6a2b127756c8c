import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Lease } from '../index.ts'
import { scriptedJudge } from '../testing.ts'
import { createWorld, fail, ops, order, pass } from './controller-world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

/** A lease that is had when the test says so. */
function createScriptedLease() {
  const lease = { isOurs: true, yields: 0, releases: 0 }
  const candidate: Lease = {
    stand: () => lease.isOurs,
    yield: () => void lease.yields++,
    release: async () => void lease.releases++,
  }
  return Object.assign(lease, { candidate })
}

/** A process with a lease, whose judge says `verdicts` and whose log may refuse to be written. */
async function join() {
  const lease = createScriptedLease()
  const script = { verdicts: [pass], looks: 0 }
  const judge = scriptedJudge(() => {
    script.looks += 1
    return { verdicts: script.verdicts, canaryRequests: 1 }
  })
  const { controller, replica } = await world.join(judge, { lease: lease.candidate })
  const { commit } = replica
  return {
    ...{ controller, lease, script },
    refuseCommits(after: number) {
      let commits = 0
      replica.commit = (...args) =>
        ++commits > after ? Promise.reject(new Error('the store is gone')) : commit(...args)
    },
    allowCommits() {
      replica.commit = commit
    },
  }
}

describe('a controller with a lease', () => {
  it('neither looks nor takes a share of alpha while another is on duty', async () => {
    const { controller, lease, script } = await join()
    lease.isOurs = false
    await controller.start(order)
    controller.run()
    await world.clock.advance(10_000)
    expect(script.looks).toBe(0)
    expect(controller.state).toMatchObject({ phase: 'running', guardRuns: 0 })
    lease.isOurs = true
    await world.clock.advance(1_000)
    expect(script.looks).toBe(1)
    expect(controller.state).toMatchObject({ guardRuns: 1 })
  })

  it('looks when it is told to, on duty or not', async () => {
    const { controller, lease, script } = await join()
    lease.isOurs = false
    await controller.start(order)
    await controller.tick()
    expect(script.looks).toBe(1)
  })

  it('carries out a rollback that it decided, though another is on duty by now', async () => {
    const { controller, lease, script, refuseCommits, allowCommits } = await join()
    await controller.start(order)
    controller.run()
    await world.clock.advance(2_000)
    refuseCommits(0)
    script.verdicts = [fail]
    await world.clock.advance(2_000)
    expect(controller.state?.phase).toBe('running')
    lease.isOurs = false
    await world.clock.advance(2_000)
    allowCommits()
    await world.clock.advance(1_000)
    expect(controller.state?.phase).toBe('verifying')
  })

  it('brings a rollback that a person began to its next step, though another is on duty', async () => {
    const { controller, lease, refuseCommits, allowCommits } = await join()
    await controller.start(order)
    controller.run()
    await world.clock.advance(1_000)
    lease.isOurs = false
    refuseCommits(1)
    await controller.rollBack(ops)
    expect(controller.state?.phase).toBe('rolling_back')
    allowCommits()
    await world.clock.advance(1_000)
    expect(controller.state?.phase).toBe('verifying')
  })

  it('yields after thirty looks in a row that failed, not after one', async () => {
    const { controller, lease, refuseCommits, script } = await join()
    await controller.start(order)
    controller.run()
    await world.clock.advance(2_000)
    refuseCommits(0)
    script.verdicts = [fail]
    await world.clock.advance(29_000)
    expect(lease.yields).toBe(0)
    await world.clock.advance(3_000)
    expect(lease.yields).toBe(1)
  })

  it('that throws spares nobody the work', async () => {
    const broken = () => {
      throw new Error('no lease')
    }
    const lease = { stand: broken, yield: broken, release: async () => {} }
    const { controller } = await world.join(
      scriptedJudge(() => [fail]),
      { lease },
    )
    const errors: unknown[] = []
    controller.on('error', (error) => errors.push(error))
    controller.run()
    await controller.start(order)
    await world.clock.advance(3_000)
    expect(controller.state?.phase).toBe('verifying')
    expect(errors).toContainEqual(new Error('no lease'))
  })

  it('asks for it at once when a rollout begins, and lets go of it when it stops', async () => {
    const { controller, lease } = await join()
    let stands = 0
    const { stand } = lease.candidate
    lease.candidate.stand = () => {
      stands += 1
      return stand()
    }
    controller.run()
    await world.clock.advance(3_000)
    expect(stands).toBe(0)
    await controller.start(order)
    expect(stands).toBeGreaterThan(0)
    await controller.stop()
    expect(lease.releases).toBe(1)
  })
})
