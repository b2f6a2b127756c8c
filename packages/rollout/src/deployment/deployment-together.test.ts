import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeploymentWorld, minuteMs, ops, order } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
/** What the hooks of each version did. */
let acts: string[]
beforeEach(() => {
  world = createDeploymentWorld()
  world.approve()
  acts = []
})
afterEach(() => world.close())

const claimKey = 'deploying/production'

/** A version whose hooks say its name. */
function release(version: string, more: Parameters<typeof world.join>[0] = {}) {
  const act = (name: string) => () => void acts.push(`${version} ${name}`)
  const hooks = {
    ...world.hooks,
    migration: { up: act('up'), down: act('down') },
    deploy: { run: act('deploy'), undo: act('undo deploy') },
  }
  return { version, hooks, monitorEveryMs: minuteMs, ...more }
}

async function begin(version: string, more: Parameters<typeof release>[1] = {}) {
  const joined = await world.join(release(version, more))
  joined.deployment.run()
  await joined.deployment.start(order)
  return joined
}

async function finish(version: string) {
  const joined = await begin(version)
  await world.clock.advance(15 * minuteMs)
  expect(joined.deployment.state?.phase).toBe('succeeded')
  return joined
}

describe('two versions to one environment', () => {
  it('come one after the other: the second waits, and says for which', async () => {
    const v1 = await begin('v1')
    await world.clock.advance(2 * minuteMs)
    const v2 = await begin('v2', { environment: 'prod' })
    await world.clock.advance(2 * minuteMs)
    expect(v2.deployment.state).toMatchObject({
      ...{ phase: 'waiting', step: 'claim_environment' },
      because: 'prod is taken by production/v1: its end is waited for',
    })
    expect(acts).toEqual(['v1 up', 'v1 deploy'])
    await world.clock.advance(30 * minuteMs)
    expect(v1.deployment.state?.phase).toBe('succeeded')
    expect(v2.deployment.state?.phase).toBe('succeeded')
    expect(acts).toEqual(['v1 up', 'v1 deploy', 'v2 up', 'v2 deploy'])
  })

  it('started at once are never there at once', async () => {
    const both = [await world.join(release('v1')), await world.join(release('v2'))]
    for (const { deployment } of both) deployment.run()
    await Promise.all(both.map(({ deployment }) => deployment.start(order)))
    await world.clock.advance(40 * minuteMs)
    for (const { deployment } of both) expect(deployment.state?.phase).toBe('succeeded')
    const first = acts[0]?.slice(0, 2)
    expect(acts.map((act) => act.startsWith(`${first} `))).toEqual([true, true, false, false])
  })

  it('come the second when the first has gone back, and not before', async () => {
    await begin('v1')
    await world.clock.advance(2 * minuteMs)
    const v2 = await begin('v2')
    world.fallIll()
    await world.clock.advance(3 * minuteMs)
    const back = ['v1 up', 'v1 deploy', 'v1 undo deploy', 'v1 down']
    expect(acts.slice(0, 4)).toEqual(back)
    expect(acts[4]).toBe('v2 up')
    expect(v2.deployment.state?.phase).not.toBe('waiting')
  })

  it('do not wait where the first waits for people: a hotfix passes it', async () => {
    world.answer({ status: 'missing', because: 'nobody asked' })
    const v1 = await begin('v1')
    await world.clock.advance(minuteMs)
    world.approve()
    await v1.deployment.stop()
    await finish('v2')
    expect(v1.deployment.state).toMatchObject({ phase: 'waiting', step: 'approval' })
  })

  it('wait as long as the first is nobody’s, until that is cancelled', async () => {
    const v1 = await begin('v1')
    await world.clock.advance(2 * minuteMs)
    await Promise.all([v1.deployment.stop(), world.clock.advance(10_000)])
    const v2 = await begin('v2')
    await world.clock.advance(60 * minuteMs)
    expect(v2.deployment.state?.phase).toBe('waiting')
    const other = await world.join(release('v1'))
    other.deployment.run()
    await other.deployment.cancel(ops)
    await world.clock.advance(15 * minuteMs)
    expect(other.deployment.state?.phase).toBe('undone')
    expect(v2.deployment.state?.phase).toBe('succeeded')
  })

  it('do not concern another environment', async () => {
    await begin('v1')
    await world.clock.advance(2 * minuteMs)
    const other = await begin('v2', { environment: 'staging' })
    await world.clock.advance(15 * minuteMs)
    expect(other.deployment.state?.phase).toBe('succeeded')
  })

  it('wait where nobody can read who has the environment, until that record is deleted', async () => {
    const { replica, deployment } = await world.join(release('v1'))
    const write = (value: string | null) =>
      replica.commit({ ...ops, action: 'mend', changes: [{ key: claimKey, value }] })
    await write('of a newer version')
    deployment.run()
    await deployment.start(order)
    await world.clock.advance(2 * minuteMs)
    expect(deployment.state).toMatchObject({
      phase: 'waiting',
      because: expect.stringContaining('deploying/production in the log'),
    })
    await write(null)
    await world.clock.advance(15 * minuteMs)
    expect(deployment.state?.phase).toBe('succeeded')
  })
})

describe('a version that another one came after', () => {
  it('does not go back under it, and names it; it does when that one has', async () => {
    const v1 = await finish('v1')
    const v2 = await finish('v2')
    const before = await world.store.read(0)
    await expect(v1.deployment.rollBack(ops)).rejects.toMatchObject({
      code: 'superseded',
      message: expect.stringContaining('Roll production/v2 back first'),
      found: 'production/v2',
    })
    expect(await world.store.read(0)).toEqual(before)
    await v2.deployment.rollBack(ops)
    await world.clock.advance(minuteMs)
    await v1.deployment.rollBack(ops)
    await world.clock.advance(minuteMs)
    expect(acts.slice(4)).toEqual(['v2 undo deploy', 'v2 down', 'v1 undo deploy', 'v1 down'])
  })

  it('does not go back while that one is on its way', async () => {
    const v1 = await finish('v1')
    await begin('v2')
    await world.clock.advance(2 * minuteMs)
    await expect(v1.deployment.rollBack(ops)).rejects.toMatchObject({ code: 'superseded' })
  })

  it('goes back where that one never came so far', async () => {
    const v1 = await finish('v1')
    world.answer({ status: 'missing', because: 'nobody asked' })
    await begin('v2')
    await world.clock.advance(minuteMs)
    await v1.deployment.rollBack(ops)
    await world.clock.advance(minuteMs)
    expect(v1.deployment.state?.phase).toBe('undone')
  })

  it('may be deployed again, and then is the one that came after', async () => {
    const v1 = await finish('v1')
    const v2 = await finish('v2')
    await v1.deployment.start({ ...order, again: true })
    await world.clock.advance(15 * minuteMs)
    await expect(v2.deployment.rollBack(ops)).rejects.toMatchObject({
      ...{ code: 'superseded', found: 'production/v1#2' },
    })
  })
})

describe('a version that goes back after it was over', () => {
  it('has the environment to itself meanwhile', async () => {
    const v1 = await finish('v1')
    const v2 = await finish('v2')
    await v2.deployment.rollBack(ops)
    await world.clock.advance(minuteMs)
    // v1 goes back slowly, when v2 was the last to have the environment.
    await Promise.all([v1.deployment.stop(), world.clock.advance(10_000)])
    await v1.deployment.rollBack(ops)
    const v3 = await begin('v3')
    await world.clock.advance(2 * minuteMs)
    expect(v3.deployment.state).toMatchObject({
      because: 'production is taken by production/v1: its end is waited for',
    })
    v1.deployment.run()
    await world.clock.advance(15 * minuteMs)
    expect(v3.deployment.state?.phase).toBe('succeeded')
    expect(acts.slice(-4)).toEqual(['v1 undo deploy', 'v1 down', 'v3 up', 'v3 deploy'])
  })

  it('and another one that comes at that very moment are not there at once', async () => {
    const v1 = await finish('v1')
    const v2 = await world.join(release('v2'))
    await v2.deployment.start(order)
    v2.deployment.run()
    const said = v1.deployment.rollBack(ops).then(
      () => 'goes back',
      ({ code }) => code as string,
    )
    await world.clock.advance(20 * minuteMs)
    const rest = acts.slice(2)
    if ((await said) === 'superseded') expect(rest).toEqual(['v2 up', 'v2 deploy'])
    else expect(rest).toEqual(['v1 undo deploy', 'v1 down', 'v2 up', 'v2 deploy'])
  })
})
