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
