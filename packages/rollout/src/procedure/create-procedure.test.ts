import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, ops, order, phasesOf } from './procedure-world.fixture.ts'
import type { Step, StepContext } from './step.ts'

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

describe('a procedure', () => {
  it('does its steps in order, and writes the begin and the end of each', async () => {
    const { procedure } = await world.join([step('one'), step('two')])
    await procedure.start(order)
    const state = await procedure.resume()
    expect(state.phase).toBe('succeeded')
    expect(calls).toEqual(['one', 'two'])
    expect(await world.readLog()).toEqual([
      'ann start: the new shop',
      'procedure begin_step: one begins',
      'procedure end_step: one is done',
      'procedure begin_step: two begins',
      'procedure end_step: two is done',
      'procedure succeed: every step is done',
    ])
    const commits = await world.store.read(0)
    expect(commits.every(({ ticket, environment }) => ticket === 'SHOP-1' && environment)).toBe(
      true,
    )
  })

  it('hands each step its input, its key, and what the steps before gave', async () => {
    const seen: Partial<StepContext>[] = []
    const { procedure } = await world.join([
      step('one', { run: async () => ({ file: 'a.sql' }) }),
      step('two', {
        async run({ id, input, idempotencyKey, attempt, results }) {
          seen.push({ id, input, idempotencyKey, attempt, results })
        },
      }),
    ])
    await procedure.start({ ...order, input: { version: 'v1' } })
    await procedure.resume()
    expect(seen).toEqual([
      {
        ...{ id: 'p1', input: { version: 'v1' }, idempotencyKey: 'p1/two', attempt: 1 },
        results: { one: { file: 'a.sql' } },
      },
    ])
  })

  it('leaves out a step that is not needed, and says why', async () => {
    const { procedure } = await world.join([
      step('one'),
      step('two', { skipBecause: ({ results }) => `no need (${Object.keys(results).length})` }),
    ])
    await procedure.start(order)
    await procedure.resume()
    expect(calls).toEqual(['one'])
    expect(await world.readLog()).toContain('procedure skip_step: two: no need (0)')
    expect(procedure.state?.phase).toBe('succeeded')
  })

  it('does a step whose question throws: a doubt leaves nothing out', async () => {
    const skipBecause = () => {
      throw new Error('odd')
    }
    const { procedure } = await world.join([step('one', { skipBecause })])
    await procedure.start(order)
    await procedure.resume()
    expect(calls).toEqual(['one'])
  })

  it('started again changes nothing, while it goes on and after it succeeded', async () => {
    const { procedure } = await world.join([step('one')])
    await procedure.start(order)
    await procedure.start(order)
    await procedure.resume()
    const before = await world.readLog()
    expect((await procedure.start(order)).phase).toBe('succeeded')
    await procedure.resume()
    expect(await world.readLog()).toEqual(before)
    expect(calls).toEqual(['one'])
  })

  it('started again with another input is refused', async () => {
    const { procedure } = await world.join([step('one')])
    await procedure.start({ ...order, input: { version: 'v1', plan: { testedAt: 1 } } })
    const other = { version: 'v1', plan: { testedAt: 2 } }
    await expect(procedure.start({ ...order, input: other })).rejects.toMatchObject({
      code: 'procedure_differs',
      message: expect.stringContaining('another input (running; /plan/testedAt: 1 became 2)'),
      pointer: '/input',
      found: '/plan/testedAt: 1 became 2',
    })
  })

  it('that failed runs again only where that is said, under another id', async () => {
    const keys: string[] = []
    let isBroken = true
    const { procedure } = await world.join([
      step('one', {
        async run({ idempotencyKey }) {
          keys.push(idempotencyKey)
          if (isBroken) throw new Error('no')
        },
      }),
    ])
    await procedure.start(order)
    await procedure.resume()
    isBroken = false
    await expect(procedure.start(order)).rejects.toMatchObject({ code: 'procedure_over' })
    await procedure.start({ ...order, again: true })
    expect((await procedure.resume()).phase).toBe('succeeded')
    expect(keys).toEqual(['p1/one', 'p1#2/one'])
  })

  it('writes the fields it is described by beside its state', async () => {
    const describe = ({ phase }: { phase: string }) => ({ status: phase, phase: 'never this' })
    const { procedure, replica } = await world.join([step('one')], { describe })
    await procedure.start(order)
    await procedure.resume()
    expect(replica.get('procedure/p1')?.value).toMatchObject({
      ...{ status: 'succeeded', phase: 'succeeded' },
    })
    expect(procedure.state?.phase).toBe('succeeded')
  })

  it.each([
    [{ key: 'p1' }, '/key'],
    [{ steps: [] }, '/steps'],
    [{ steps: [step('One')] }, '/steps/0/name'],
    [{ steps: [step('one'), step('one')] }, '/steps/1/name'],
    [{ steps: [step('one', { timeoutMs: 0 })] }, '/steps/0/timeoutMs'],
    [{ steps: [step('one', { retries: 1.5 })] }, '/steps/0/retries'],
    [{ tickMs: Number.NaN }, '/tickMs'],
    [{ heartbeatMs: 60_000 }, '/staleAfterMs'],
  ])('of %j is refused', async (options, pointer) => {
    await expect(world.join([step('one')], options)).rejects.toMatchObject({
      code: 'invalid_procedure',
      pointer,
    })
  })
})

describe('orders', () => {
  it('cancel what is under way: it is aborted, and all goes back', async () => {
    const { clock } = world
    const run = ({ signal }: StepContext) =>
      new Promise<undefined>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')))
      })
    const { procedure } = await world.join([step('one'), step('two', { run }), step('three')])
    procedure.run()
    await procedure.start(order)
    await clock.advance(10)
    await procedure.cancel(ops)
    await clock.advance(10)
    expect(calls).toEqual(['one', 'undo two', 'undo one'])
    expect(procedure.state).toMatchObject({
      phase: 'undone',
      decision: { cause: 'cancelled', by: 'olga' },
    })
  })

  it('cancel a step that does not heed its signal within seconds', async () => {
    const { clock } = world
    const run = () => new Promise<undefined>(() => {})
    const { procedure } = await world.join([step('one', { run })])
    procedure.run()
    await procedure.start(order)
    await clock.advance(10)
    await procedure.cancel(ops)
    await clock.advance(5_000)
    expect(procedure.state?.phase).toBe('undone')
  })

  it('cancel a pause between two tries at once', async () => {
    const { clock } = world
    const run = () => Promise.reject(new Error('busy'))
    const { procedure } = await world.join([step('one', { run, retries: 3, retryDelayMs: 60_000 })])
    procedure.run()
    await procedure.start(order)
    await clock.advance(10)
    expect(phasesOf(procedure)).toBe('running, one retrying')
    await procedure.cancel(ops)
    await clock.advance(10)
    expect(procedure.state?.phase).toBe('undone')
  })

  it('cancel across processes: the one that works on it hears and goes back', async () => {
    const { clock } = world
    const run = ({ signal }: StepContext) =>
      new Promise<undefined>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')))
      })
    const steps = [step('one', { run })]
    const owner = await world.join(steps)
    const other = await world.join(steps)
    owner.procedure.run()
    await owner.procedure.start(order)
    await clock.advance(10)
    await other.procedure.cancel(ops)
    await clock.advance(2_000)
    expect(owner.procedure.state).toMatchObject({ phase: 'undone', decision: { by: 'olga' } })
    expect(calls).toEqual(['undo one'])
  })

  it('roll back what succeeded', async () => {
    const { procedure } = await world.join([step('one'), step('two')])
    await procedure.start(order)
    await procedure.resume()
    await expect(procedure.cancel(ops)).rejects.toMatchObject({ code: 'procedure_over' })
    await procedure.rollBack({ ...ops, detectedAt: 1 })
    expect((await procedure.resume()).phase).toBe('undone')
    expect(calls).toEqual(['one', 'two', 'undo two', 'undo one'])
    expect(procedure.state).toMatchObject({
      decision: { cause: 'rolled_back', by: 'olga', detectedAt: 1, hadSucceeded: true },
    })
    await expect(procedure.rollBack(ops)).rejects.toMatchObject({ code: 'procedure_over' })
  })

  it('are refused where there is nothing', async () => {
    const { procedure } = await world.join([step('one')])
    for (const asked of [procedure.cancel(ops), procedure.rollBack(ops), procedure.resume()]) {
      await expect(asked).rejects.toMatchObject({ code: 'no_procedure' })
    }
  })
})
