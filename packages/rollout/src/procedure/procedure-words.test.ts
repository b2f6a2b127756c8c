import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, order, phasesOf } from './procedure-world.fixture.ts'
import { type Step, type StepOutcome, waitFor } from './step.ts'

let world: ReturnType<typeof createWorld>
beforeEach(() => {
  world = createWorld()
})
afterEach(() => world.close())

const halfACharacter = 'odd \ud800'

describe('what a step says', () => {
  it.each([
    ['half a character', halfACharacter, 'one skipped'],
    ['a megabyte', 'x'.repeat(1_000_000), 'one skipped'],
    ['false, as JavaScript may', false, 'one done'],
    ['null, as JavaScript may', null, 'one done'],
    ['a promise, as JavaScript may', Promise.resolve('no'), 'one done'],
  ])('about being left out may be %s', async (_, because, expected) => {
    const step: Step = { name: 'one', run: async () => {}, skipBecause: () => because as never }
    const { procedure, errors } = await world.join([step])
    await procedure.start(order)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe(`succeeded, ${expected}`)
    expect(errors).toEqual([])
  })

  it.each([
    ['half a character', waitFor(1_000, halfACharacter)],
    ['a megabyte', waitFor(1_000, 'x'.repeat(1_000_000))],
    ['nothing, as JavaScript may', waitFor(1_000, undefined as never)],
  ])('about what it waits for may be %s', async (_, outcome) => {
    const answers: StepOutcome[] = [outcome, 'done']
    const { procedure } = await world.join([{ name: 'one', run: async () => answers.shift() }])
    await procedure.start(order)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe('waiting, one waiting')
    await world.clock.advance(1_000)
    await procedure.resume()
    expect(phasesOf(procedure)).toBe('succeeded, one done')
  })

  it('about how long it waits fails where it is no number, and leaves a record that can be read', async () => {
    const run = async () => waitFor('1000' as never, 'the copy')
    const { procedure } = await world.join([{ name: 'one', run }])
    await procedure.start(order)
    await procedure.resume()
    expect(procedure.state).toMatchObject({ phase: 'failed', steps: [{ phase: 'failed' }] })
  })
})
