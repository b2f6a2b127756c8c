import { describe, expect, it } from 'vitest'

// What the map of requirements takes for a test, and what not. This file is read, never run.

it('runs', () => expect(1).toBe(1))
it.each([1])('runs with each', (one) => expect(one).toBe(1))
it.skip('is skipped', () => expect(1).toBe(1))
it.todo('is to do')
// it('is in a comment', () => expect(1).toBe(1))
it('expects nothing', () => {})
describe.skip('what is skipped', () => {
  it('is inside', () => expect(1).toBe(1))
})
