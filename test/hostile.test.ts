import { createFlagSet, isSluiceError } from '@sluice/core'
import { allEngines, createFlagSet as createParsedFlagSet } from '@sluice/core/node'
import { parseDefinitions, parseDocument } from '@sluice/core/schema'
import { describe, expect, it } from 'vitest'
import { createHostileContexts, wasMutated } from './arbitraries/hostile-contexts.ts'
import { createHostileDefinitions } from './arbitraries/hostile-definitions.ts'
import { createRandom } from './arbitraries/random.ts'

const pairs = process.env.SLUICE_LONG === undefined ? 60_000 : 1_000_000
const contextsPerSet = 500

describe('hostile definitions and contexts', () => {
  it(`never make an evaluation throw or change its input, in ${pairs} pairs`, () => {
    const random = createRandom(20260101)
    let tried = 0
    let answered = 0
    while (tried < pairs) {
      const hostile = createHostileDefinitions(random)
      const before = JSON.stringify(hostile)
      // Unparsed, as a browser might take them from a server: the evaluator must stand alone.
      const flags = createFlagSet(hostile as never, {
        engines: allEngines,
        environment: 'production',
      })
      const keys = [...flags.keys(), 'missing']
      for (const context of createHostileContexts(random, contextsPerSet)) {
        const key = keys[tried % keys.length] as string
        const answer = flags.evaluate(key, context as never, { now: random() * 2e12 })
        if (answer.reason !== 'ERROR') answered++
        const enabled = flags.isEnabled(key, context as never)
        if (typeof enabled !== 'boolean') expect.fail(`${key} answered ${String(enabled)}`)
        if (flags.string(key, context as never, 'x') === undefined) expect.fail(key)
        tried++
      }
      expect(JSON.stringify(hostile)).toBe(before)
    }
    expect(wasMutated()).toBe(false)
    // The search must reach past the first error: many pairs are to be answered.
    expect(answered).toBeGreaterThan(tried / 20)
  })

  it('are refused with a code, or accepted whole', () => {
    const random = createRandom(7)
    let refused = 0
    const rounds = pairs / 100
    for (let i = 0; i < rounds; i++) {
      const hostile = createHostileDefinitions(random)
      for (const parse of [
        () => parseDefinitions(hostile),
        () => parseDocument({ version: 1, flags: hostile }),
        () => createParsedFlagSet(hostile as never),
      ]) {
        try {
          parse()
        } catch (error) {
          refused++
          expect(isSluiceError(error), String(error)).toBe(true)
        }
      }
    }
    expect(refused).toBeGreaterThan(rounds)
  })
})
