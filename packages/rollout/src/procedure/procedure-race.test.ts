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

const done = (name: string): Step => ({
  name,
  async run() {
    calls.push(name)
  },
  async undo() {
    calls.push(`undo ${name}`)
  },
})

/** A step that ends when the test says so, whatever its signal says. */
function createStuck() {
  const answers: (() => void)[] = []
  const signals: AbortSignal[] = []
  const run = ({ signal }: StepContext) => {
    signals.push(signal)
    return new Promise<undefined>((resolve) => void answers.push(() => resolve(undefined)))
  }
  return { run, answers, signals }
}

describe('two processes', () => {
  it('that start the same at once do each step once', async () => {
    const steps = [done('one'), done('two'), done('three')]
    const both = [await world.join(steps), await world.join(steps)]
    for (const { procedure } of both) procedure.run()
    await Promise.all(both.map(({ procedure }) => procedure.start(order)))
    await world.clock.advance(10_000)
    expect(calls).toEqual(['one', 'two', 'three'])
    for (const { procedure } of both) expect(procedure.state?.phase).toBe('succeeded')
  })

  it('that both see a step whose time has come run it once', async () => {
    const { waitFor } = await import('./step.ts')
    const run = async ({ memo }: StepContext) => {
      calls.push('look')
      return memo === undefined ? waitFor(5_000, 'a moment', 1) : undefined
    }
    const steps: Step[] = [{ name: 'one', run }]
    const both = [await world.join(steps), await world.join(steps)]
    for (const { procedure } of both) procedure.run()
    await both[0]?.procedure.start(order)
    await world.clock.advance(20_000)
    expect(calls).toEqual(['look', 'look'])
  })

  it('leave the work to the one that is at it, however long it takes', async () => {
    const { clock } = world
    const stuck = createStuck()
    const steps = [{ ...done('one'), run: stuck.run }, done('two')]
    const owner = await world.join(steps)
    const other = await world.join(steps)
    for (const { procedure } of [owner, other]) procedure.run()
    await owner.procedure.start(order)
    await clock.advance(540_000)
    expect(stuck.answers).toHaveLength(1)
    expect((await other.procedure.resume()).phase).toBe('running')
    stuck.answers[0]?.()
    await clock.advance(2_000)
    expect(owner.procedure.state?.phase).toBe('succeeded')
    expect(calls).toEqual(['two'])
  })

  it('pass the work on when its owner is silent for a minute; what that one says later is refused', async () => {
    const { clock } = world
    const stuck = createStuck()
    const steps = [{ ...done('one'), run: stuck.run }, done('two')]
    // Its signs of life are lost: the next would come in an hour.
    const owner = await world.join(steps, { heartbeatMs: 3_600_000, staleAfterMs: 7_200_000 })
    const other = await world.join(steps)
    other.procedure.run()
    await owner.procedure.start(order)
    const old = owner.procedure.resume()
    await clock.advance(59_000)
    expect(stuck.answers).toHaveLength(1)
    await clock.advance(3_000)
    expect(stuck.answers).toHaveLength(2)
    // The owner saw it: its function is told to stop, and its answer counts for nothing.
    expect(stuck.signals[0]?.aborted).toBe(true)
    stuck.answers[0]?.()
    await old
    expect(phasesOf(other.procedure)).toBe('running, one running, two pending')
    stuck.answers[1]?.()
    await clock.advance(2_000)
    expect(other.procedure.state?.phase).toBe('succeeded')
    expect(calls).toEqual(['two'])
    expect(await world.readLog()).toContain(
      'procedure take_over: process-2 goes on where process-1 stopped',
    )
  })

  it('cannot both write: a cut-off owner that knows nothing of it is refused by the log', async () => {
    const { clock } = world
    const stuck = createStuck()
    const steps = [{ ...done('one'), run: stuck.run }, done('two')]
    const { store } = world
    let isCut = false
    const cut = {
      ...store,
      read: (after: number, limit?: number) =>
        isCut ? Promise.reject(new Error('cut off')) : store.read(after, limit),
      watch: undefined as never,
    }
    const mute = { heartbeatMs: 3_600_000, staleAfterMs: 7_200_000 }
    const owner = await world.join(steps, { store: cut, ...mute })
    const other = await world.join(steps)
    await owner.procedure.start(order)
    const old = owner.procedure.resume()
    await clock.advance(0)
    isCut = true
    const next = other.procedure.resume({ takeOver: true })
    await clock.advance(0)
    stuck.answers[1]?.()
    await next
    expect(calls).toEqual(['two'])
    stuck.answers[0]?.()
    await clock.advance(5_000)
    isCut = false
    await clock.advance(60_000)
    await old
    expect(owner.procedure.state?.phase).toBe('succeeded')
    expect(calls).toEqual(['two'])
    const ends = (await world.readLog()).filter((line) => line.includes('one is done'))
    expect(ends).toHaveLength(1)
    expect(owner.errors.at(-1)).toContain('one answered after it was given up')
  })

  it('that are told to roll back and to cancel at once go back once', async () => {
    const steps = [done('one'), done('two')]
    const both = [await world.join(steps), await world.join(steps)]
    for (const { procedure } of both) procedure.run()
    await both[0]?.procedure.start(order)
    await world.clock.advance(2_000)
    const said = await Promise.allSettled(both.map(({ procedure }) => procedure.rollBack(ops)))
    await world.clock.advance(5_000)
    expect(said.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(calls).toEqual(['one', 'two', 'undo two', 'undo one'])
  })

  it('with other steps do not touch it', async () => {
    const owner = await world.join([done('one'), done('two')])
    const other = await world.join([done('one'), done('three')])
    await owner.procedure.start(order)
    await expect(other.procedure.resume({ takeOver: true })).rejects.toMatchObject({
      ...{ code: 'procedure_changed', expected: 'one, two', found: 'one, three' },
    })
    expect(calls).toEqual([])
  })
})

describe('a process', () => {
  it('that stops lays the work down: another one goes on at once', async () => {
    const { clock } = world
    const run = ({ signal, attempt }: StepContext) =>
      attempt > 1
        ? Promise.resolve(undefined)
        : new Promise<undefined>((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('stopped')))
          })
    const steps = [{ ...done('one'), run }]
    const first = await world.join(steps)
    const second = await world.join(steps)
    first.procedure.run()
    await first.procedure.start(order)
    await clock.advance(1_000)
    await first.procedure.stop()
    second.procedure.run()
    await clock.advance(1_000)
    expect(second.procedure.state?.phase).toBe('succeeded')
  })

  it('that comes back under its name takes up its own work at once', async () => {
    const stuck = createStuck()
    const first = await world.join([{ ...done('one'), run: stuck.run }], { processId: 'host-1' })
    await first.procedure.start(order)
    void first.procedure.resume()
    await world.clock.advance(0)
    const again = await world.join([done('one')], { processId: 'host-1' })
    await again.procedure.resume()
    expect(again.procedure.state?.phase).toBe('succeeded')
  })

  it('that falls each time at the same step takes it ten times, not for ever', async () => {
    const stuck = createStuck()
    const steps = [{ ...done('one'), run: stuck.run }]
    let last = await world.join(steps)
    await last.procedure.start(order)
    for (let fall = 1; fall <= 11; fall += 1) {
      void last.procedure.resume({ takeOver: true })
      await world.clock.advance(0)
      last = await world.join(steps)
    }
    await last.procedure.resume({ takeOver: true })
    expect(stuck.answers).toHaveLength(10)
    expect(last.procedure.state).toMatchObject({
      phase: 'undone',
      decision: { because: 'one failed: its process ended 10 times while it was under way' },
    })
  })

  it('that goes on asks first whether the one before did it after all, and takes its result', async () => {
    const stuck = createStuck()
    const first = await world.join([{ ...done('one'), run: stuck.run }, done('two')])
    await first.procedure.start(order)
    void first.procedure.resume()
    await world.clock.advance(0)
    const isDone = async ({ attempt }: StepContext) => {
      calls.push(`ask at attempt ${attempt}`)
      return { result: 'it did' }
    }
    const second = await world.join([{ ...done('one'), isDone }, done('two')])
    await second.procedure.resume({ takeOver: true })
    expect(calls).toEqual(['ask at attempt 2', 'two'])
    expect(second.procedure.state?.steps[0]).toMatchObject({ phase: 'done', result: 'it did' })
  })

  it('that begins a step asks nothing, and one that is told "not done" does it', async () => {
    const isDone = async () => {
      calls.push('ask')
      return false
    }
    let tries = 0
    const run = async () => {
      tries += 1
      if (tries === 1) throw new Error('busy')
    }
    const { procedure } = await world.join([
      { ...done('one'), run, isDone, retries: 1, retryDelayMs: 1 },
    ])
    procedure.run()
    await procedure.start(order)
    await world.clock.advance(1_000)
    expect({ tries, calls }).toEqual({ tries: 2, calls: ['ask'] })
  })

  it('whose clock jumps an hour ahead does not take another one for dead', async () => {
    const { clock } = world
    const stuck = createStuck()
    const steps = [{ ...done('one'), run: stuck.run }]
    let aheadMs = 0
    const skewed = { now: () => clock.now() + aheadMs, after: clock.after }
    const owner = await world.join(steps)
    const other = await world.join(steps, { clock: skewed })
    for (const { procedure } of [owner, other]) procedure.run()
    await owner.procedure.start(order)
    await clock.advance(5_000)
    aheadMs = 3_600_000
    await clock.advance(30_000)
    expect(stuck.answers).toHaveLength(1)
    stuck.answers[0]?.()
    await clock.advance(1_000)
  })
})

describe('a store that goes away', () => {
  it('while a step ends makes nobody do it again: the end is written when it is back', async () => {
    const { clock, store } = world
    let isAway = false
    const away = <T>(work: () => Promise<T>): Promise<T> =>
      isAway ? Promise.reject(new Error('away')) : work()
    const flaky = {
      ...store,
      read: (after: number, limit?: number) => away(() => store.read(after, limit)),
      append: (commit: Parameters<typeof store.append>[0]) => away(() => store.append(commit)),
    }
    const run = async () => {
      calls.push('one')
      isAway = true
    }
    const { procedure, errors } = await world.join([{ ...done('one'), run }, done('two')], {
      store: flaky,
    })
    procedure.run()
    await procedure.start(order)
    await clock.advance(60_000)
    expect(phasesOf(procedure)).toBe('running, one running, two pending')
    isAway = false
    await clock.advance(60_000)
    expect(procedure.state?.phase).toBe('succeeded')
    expect(calls).toEqual(['one', 'two'])
    expect(errors.length).toBeGreaterThan(0)
  })
})
