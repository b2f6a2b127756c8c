import { afterEach, beforeEach, expect } from 'vitest'

// Unasserted console output fails the run: a library that speaks unasked is a bug.
const methods = ['log', 'info', 'warn', 'error', 'debug'] as const
const originals = methods.map((method) => console[method])
let spoken: string[] = []

beforeEach(() => {
  spoken = []
  for (const method of methods) {
    console[method] = (...values: unknown[]) => {
      spoken.push(`console.${method}: ${values.map(String).join(' ')}`)
    }
  }
})

afterEach(() => {
  methods.forEach((method, index) => {
    console[method] = originals[index] as typeof console.log
  })
  expect(spoken, 'unasserted console output').toEqual([])
})
