import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, ops, order, phasesOf } from './procedure-world.fixture.ts'
import { recordWith, type Step, type StepContext, type StepOutcome, waitFor } from './step.ts'

let world: ReturnType<typeof createWorld>
let calls: string[]
beforeEach(() => {
  world = createWorld()
  calls = []
})
afterEach(() => world.close())

/** A step that tells when it is called. */
function step(name: string, more: Partial<Step> = {}): Step {
  return {
    name,
    async run() {
      calls.push(name)
    },
    async undo() {
      calls.push(`undo ${name}`)
    },
    ...more,
  }
}

describe('a step that waits', () => {
  it('is run again when its time is over, with what it remembered', async () => {
    const { clock } = world
    const memos: unknown[] = []
    const run = async ({ memo }: StepContext): Promise<StepOutcome> => {
      memos.push(memo)
      return memos.length < 3 ? waitFor(30_000, 'not yet', memos.length) : undefined
    }
    const { procedure } = await world.join([step('one', { run })])
    procedure.run()
    await procedure.start(order)
    await clock.advance(1)
    expect(procedure.state).toMatchObject({ phase: 'waiting', step: 'one', because: 'not yet' })
    await clock.advance(29_000)
    expect(memos).toEqual([undefined])
    await clock.advance(40_000)
    expect(memos).toEqual([undefined, 1, 2])
    expect(procedure.state?.phase).toBe('succeeded')
  })

  it('for no time is run again by the same resume', async () => {
    const run = async ({ memo }: StepContext): Promise<StepOutcome> =>
      memo === 3 ? 'enough' : waitFor(0, 'more', typeof memo === 'number' ? memo + 1 : 1)
    const { procedure } = await world.join([step('one', { run })])
    await procedure.start(order)
    expect((await procedure.resume()).phase).toBe('succeeded')
  })

  it('needs no process to stay alive', async () => {
    let isApproved = false
    const run = async () => (isApproved ? 'yes' : waitFor(3_600_000, 'approval'))
    const steps = [step('one', { run })]
    const first = await world.join(steps)
    await first.procedure.start(order)
    expect((await first.procedure.resume()).phase).toBe('waiting')
    isApproved = true
    const second = await world.join(steps)
    expect((await second.procedure.resume()).phase).toBe('succeeded')
  })

  it('is run again before its time where it is ready', async () => {
    const { clock } = world
    let isApproved = false
    const run = async () => (isApproved ? 'yes' : waitFor(3_600_000, 'approval'))
    const { procedure } = await world.join([step('one', { run, isReady: () => isApproved })])
    procedure.run()
    await procedure.start(order)
    await clock.advance(10_000)
    const { length } = await world.readLog()
    await clock.advance(600_000)
    expect(await world.readLog()).toHaveLength(length)
    isApproved = true
    await clock.advance(2_000)
    expect(procedure.state?.phase).toBe('succeeded')
  })

  it('goes on by what was seen to pass where the clock went back ten years', async () => {
    const { clock } = world
    let aheadMs = 0
    const skewed = { now: () => clock.now() + aheadMs, after: clock.after }
    let isOver = false
    const run = async () => (isOver ? undefined : waitFor(30_000, 'not yet'))
    const { procedure } = await world.join([step('one', { run })], { clock: skewed })
    procedure.run()
    await procedure.start(order)
    await clock.advance(1_000)
    isOver = true
    aheadMs = -10 * 365 * 86_400_000
    await clock.advance(32_000)
    expect(procedure.state?.phase).toBe('succeeded')
  })

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('for %d ms fails', async (ms) => {
    const { procedure } = await world.join([step('one', { run: async () => waitFor(ms, 'x') })])
    await procedure.start(order)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe('undone, one undone')
  })

  it('can be rolled back while nobody works on it', async () => {
    const { procedure } = await world.join([
      step('one'),
      step('two', { run: async () => waitFor(3_600_000, 'approval') }),
    ])
    await procedure.start(order)
    await procedure.resume()
    await procedure.cancel(ops)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe('undone, one undone, two undone')
  })
})

describe('a step that records more', () => {
  const used = (revision: number) => ({ key: 'approval/a', value: { used: revision } })

  it('writes it in the commit that ends the step', async () => {
    const run = async () => recordWith({ changes: [used(1)], dependsOn: ['approval/a'] }, 'ok')
    const { procedure, replica } = await world.join([step('one', { run })])
    await procedure.start(order)
    await procedure.resume()
    const commits = await world.store.read(0)
    const ended = commits.find(({ action }) => action === 'end_step')
    expect(ended?.changes.map(({ key }) => key)).toEqual(['procedure/p1', 'approval/a'])
    expect(replica.get('approval/a')?.value).toEqual({ used: 1 })
  })

  it('is run again where what it depended on was written meanwhile', async () => {
    let tries = 0
    const { procedure, replica } = await world.join([
      step('one', {
        async run() {
          tries += 1
          if (tries === 1) {
            const foreign = await world.join([step('x')])
            await foreign.replica.commit({
              ...{ actor: 'eve', action: 'withdraw', reason: 'changed my mind' },
              changes: [{ key: 'approval/a', value: 'withdrawn' }],
            })
          }
          return recordWith({ changes: [used(tries)], dependsOn: ['approval/a'] })
        },
      }),
    ])
    await procedure.start(order)
    await Promise.all([procedure.resume(), world.clock.advance(5_000)])
    expect(tries).toBe(2)
    expect(replica.get('approval/a')?.value).toEqual({ used: 2 })
    expect(procedure.state?.phase).toBe('succeeded')
  })

  it('is run again, without haste, while it was decided by a reading from before that', async () => {
    let tries = 0
    let basedOn = 0
    const { procedure, replica } = await world.join([
      step('one', {
        async run() {
          tries += 1
          return recordWith({ changes: [used(tries)], dependsOn: ['approval/a'], basedOn })
        },
      }),
    ])
    const changes = [{ key: 'approval/a', value: 'withdrawn' }]
    await replica.commit({ ...order, action: 'withdraw', changes })
    procedure.run()
    await procedure.start(order)
    await world.clock.advance(10_000)
    expect(replica.get('approval/a')?.value).toBe('withdrawn')
    expect(tries).toBeLessThan(12)
    basedOn = replica.head.revision
    await world.clock.advance(2_000)
    expect(procedure.state?.phase).toBe('succeeded')
    expect(replica.get('approval/a')?.value).toEqual({ used: tries })
  })
})
