import { performance } from 'node:perf_hooks'
import { medianOf } from '../measure.mjs'
import { runNode } from '../spawn.mjs'
import { boundedRow } from './bounds.mjs'

/** Processes started for each of the programs: a start varies by more than what is looked for. */
const starts = 20

const mostMs = 15

/** What importing adds to a program that does nothing, from start to exit of the process. */
export async function importRows() {
  const programs = [
    { title: 'bare', source: 'export {}' },
    { title: 'import @sluice/core, over bare node', source: "import '@sluice/core'", most: mostMs },
    {
      title: '   @sluice/core/node, with every engine and the schema',
      source: "import '@sluice/core/node'",
    },
    { title: '   @openfeature/flagd-core', source: "import '@openfeature/flagd-core'" },
  ].map((program) => ({ ...program, took: [] }))
  for (let turn = 0; turn < starts; turn += 1) {
    for (const program of programs) {
      const startedAt = performance.now()
      const { code, err } = await runNode(['--input-type=module', '-e', program.source])
      if (code === 0) program.took.push(performance.now() - startedAt)
      else if (!err.includes('ERR_MODULE_NOT_FOUND')) throw new Error(err.trim())
    }
  }
  const [bare, ...imports] = programs
  const note = `bare node: ${medianOf(bare.took).toFixed(0)} ms`
  return imports.map(({ title, took, most }) => {
    // Differences within a turn: whatever the machine does then, it does to both.
    const differences = took.map((each, turn) => each - bare.took[turn])
    const result =
      took.length < starts ? { absent: 'not built yet' } : { value: medianOf(differences), note }
    return boundedRow(title, result, 'ms', most, most === undefined ? '' : `<= ${most} ms`)
  })
}
