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
    await procedure.start({ ...order, input: 1 })
    await expect(procedure.start({ ...order, input: 2 })).rejects.toMatchObject({
      code: 'procedure_differs',
      pointer: '/input',
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

describe('a step that fails', () => {
  it('sends everything back, the last one first and itself included', async () => {
    const run = async () => {
      throw new Error('disk full')
    }
    const { procedure, notices } = await world.join([
      step('one'),
      { name: 'kept', run: async () => undefined },
      step('two'),
      step('three', { run }),
      step('four'),
    ])
    await procedure.start(order)
    await procedure.resume()
    expect(calls).toEqual(['one', 'two', 'undo three', 'undo two', 'undo one'])
    expect(phasesOf(procedure)).toBe(
      'undone, one undone, kept done, two undone, three undone, four pending',
    )
    expect(procedure.state).toMatchObject({
      decision: { cause: 'failed', step: 'three', because: 'three failed: disk full' },
    })
    expect(notices.filter((notice) => !notice.startsWith('debug'))).toEqual([
      'info started: p1 begins, started by ann: the new shop',
      'error step_failed: p1: three failed: disk full',
      'warning undo_started: p1 goes back: three failed: disk full',
      'warning undone: p1 is undone: three failed: disk full',
    ])
  })

  it('is tried again as often as it says, after a pause that doubles', async () => {
    const { clock } = world
    const at: number[] = []
    const { procedure, notices } = await world.join([
      step('one', {
        retries: 3,
        retryDelayMs: 1_000,
        async run({ now }) {
          at.push(now())
          if (at.length < 4) throw new Error('busy')
        },
      }),
    ])
    procedure.run()
    await procedure.start(order)
    await clock.advance(20_000)
    expect(at.map((each) => each - (at[0] ?? 0))).toEqual([0, 1_000, 3_000, 7_000])
    expect(procedure.state?.phase).toBe('succeeded')
    expect(notices.filter((notice) => notice.includes('step_retried'))).toHaveLength(3)
  })

  it('is not tried again where what it throws is final', async () => {
    const run = async () => {
      throw Object.assign(new Error('refused'), { isFinal: true, detectedAt: 5 })
    }
    const { procedure } = await world.join([step('one', { retries: 5, run })])
    await procedure.start(order)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe('undone, one undone')
    expect(procedure.state).toMatchObject({ decision: { detectedAt: 5 } })
  })

  it('with nothing to undo leaves the procedure failed', async () => {
    const run = () => Promise.reject(new Error('no'))
    const { procedure, notices } = await world.join([{ name: 'one', run }])
    await procedure.start(order)
    await procedure.resume()
    expect(procedure.state).toMatchObject({ phase: 'failed', left: [] })
    expect(notices.at(-1)).toContain('error failed: p1 failed, with nothing to undo')
  })

  it.each([
    undefined,
    null,
    'text',
    7,
    { code: 'no\ncode' },
    new Proxy(
      {},
      {
        get: () => {
          throw 1
        },
      },
    ),
    'half \ud800',
  ])('may throw what is no error: %#', async (thrown) => {
    const run = () => Promise.reject(thrown)
    const { procedure } = await world.join([step('one', { run })])
    await procedure.start(order)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe('undone, one undone')
  })

  it('may throw at once', async () => {
    const run = () => {
      throw new Error('at once')
    }
    const { procedure } = await world.join([step('one', { run })])
    await procedure.start(order)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe('undone, one undone')
  })

  it('fails, too, where what it resolves with cannot stand in the log', async () => {
    const { procedure } = await world.join([step('one', { run: async () => Number.NaN })])
    await procedure.start(order)
    await procedure.resume()
    expect(procedure.state).toMatchObject({ phase: 'undone', decision: { cause: 'failed' } })
  })
})

describe('a step that hangs', () => {
  it('is given up when its time is over; its signal says so', async () => {
    const { clock } = world
    let signal: AbortSignal | undefined
    const run = (context: StepContext) => {
      signal = context.signal
      return new Promise<undefined>(() => {})
    }
    const { procedure } = await world.join([step('one', { timeoutMs: 5_000, run })])
    procedure.run()
    await procedure.start(order)
    await clock.advance(4_999)
    expect(procedure.state?.phase).toBe('running')
    await clock.advance(2)
    expect(signal?.aborted).toBe(true)
    expect(phasesOf(procedure)).toBe('undone, one undone')
    expect(procedure.state).toMatchObject({
      decision: { because: 'one failed: it did not end within 5000 ms' },
    })
  })

  it('may answer later: that counts for nothing, and is told', async () => {
    const { clock } = world
    let answer = () => {}
    const run = () =>
      new Promise<undefined>((resolve) => {
        answer = () => resolve(undefined)
      })
    const { procedure, errors } = await world.join([step('one', { timeoutMs: 5_000, run })])
    procedure.run()
    await procedure.start(order)
    await clock.advance(6_000)
    const before = await world.readLog()
    answer()
    await clock.advance(1_000)
    expect(await world.readLog()).toEqual(before)
    expect(errors).toEqual([expect.stringContaining('one answered after it was given up')])
  })
})

describe('an undo that fails', () => {
  it('is tried again, then told loudly, and the procedure says what is left', async () => {
    const { clock } = world
    const undo = async () => {
      calls.push('undo two')
      throw new Error('locked')
    }
    const { procedure, notices } = await world.join([
      step('one'),
      step('two', { undo, undoRetries: 2 }),
      step('three', { run: () => Promise.reject(new Error('bad')) }),
    ])
    procedure.run()
    await procedure.start(order)
    await clock.advance(60_000)
    expect(calls).toEqual(['one', 'two', 'undo three', 'undo two', 'undo two', 'undo two'])
    expect(procedure.state).toMatchObject({ phase: 'failed', left: ['two', 'one'] })
    expect(notices.at(-2)).toBe('error undo_failed: p1: two could not be undone: locked')
    expect(notices.at(-1)).toBe(
      'error failed: p1 failed and is not undone. Left, in this order: two, one. Mend it and roll back again.',
    )
  })

  it('goes on where it stopped when somebody rolls back again', async () => {
    let isLocked = true
    const undo = async () => {
      if (isLocked) throw new Error('locked')
      calls.push('undo two')
    }
    const { procedure } = await world.join([step('one'), step('two', { undo, undoRetries: 0 })])
    await procedure.start(order)
    await procedure.resume()
    await procedure.rollBack(ops)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe('failed, one done, two undo_failed')
    isLocked = false
    await procedure.rollBack(ops)
    await procedure.resume()
    expect(calls).toEqual(['one', 'two', 'undo two', 'undo one'])
    expect(phasesOf(procedure)).toBe('undone, one undone, two undone')
    expect(procedure.state).toMatchObject({
      decision: { hadSucceeded: true, cause: 'rolled_back' },
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
    await procedure.resume()
    expect(tries).toBe(2)
    expect(replica.get('approval/a')?.value).toEqual({ used: 2 })
    expect(procedure.state?.phase).toBe('succeeded')
  })
})
