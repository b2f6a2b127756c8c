import { describe, it } from 'vitest'
import { type Exclusion, without } from './exclusions.ts'
import { readScenarios } from './read-scenarios.ts'
import { act, createWorld, type Meaning, type Surface } from './world.ts'

/** Where the specification's feature files are, which are no part of this project. */
const folder = process.env.SLUICE_OPENFEATURE_SPEC

/** What runs, and over which SDK. */
export interface Suite {
  readonly title: string
  readonly meanings: readonly Meaning[]
  readonly exclusions: readonly Exclusion[]
  open(): Surface
}

/** Makes a test of each scenario. */
export function runScenarios({ title, meanings, exclusions, open }: Suite): void {
  describe(title, () => {
    if (folder === undefined) {
      const reason =
        'SLUICE_OPENFEATURE_SPEC is unset: set it to a folder with the feature files of ' +
        'github.com/open-feature/spec (specification/assets/gherkin)'
      it('pass', ({ skip }) => {
        process.stdout.write(`skipped: ${reason}\n`)
        skip(reason)
      })
      return
    }
    const runnable = without(readScenarios(folder), exclusions).map(
      ({ title, steps }) => [title, steps] as const,
    )
    it.each(runnable)('%s', async (_, steps) => {
      const world = createWorld(open())
      for (const step of steps) await act(world, step, meanings)
    })
    for (const { name, because, count } of exclusions) {
      it(`leave out ${count} of ${name}`, ({ skip }) => skip(because))
    }
  })
}
