// `npm run bench`: Sluice beside its peers, each contestant in its own process. See docs/benchmarks.md.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { helpText, readOptions } from './options.mjs'
import { buildPackages, installPeers } from './prepare.mjs'
import { showProgress } from './progress.mjs'
import { raceWorkloads } from './race.mjs'
import { printRows, printWorkloads } from './report.mjs'
import { runRow } from './rows/index.mjs'
import { workloads } from './workloads.mjs'

const options = optionsOrExit()
if (options.wantsHelp) {
  console.log(helpText)
  process.exit(0)
}

installPeers()
if (options.builds) buildPackages()

const chosen = workloads.filter(({ id }) => options.rows.includes(id))
const machine = `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} x ${cpus()[0].model.trim()}`
console.log(`${machine}; ${options.rounds} rounds, medians`)

const race = await raceWorkloads(chosen, options)
if (chosen.length > 0) printWorkloads(race)

const rows = []
for (const name of options.rows.filter((row) => !workloads.some(({ id }) => id === row))) {
  showProgress(name)
  rows.push(...(await runRow(name, options)))
}
showProgress('')
if (rows.length > 0) printRows(rows)

if (options.json !== undefined)
  writeFileSync(
    options.json,
    `${JSON.stringify({ machine, rounds: options.rounds, race, rows }, null, 2)}\n`,
  )
// A ratio that is not met is a finding; a wrong answer is a broken benchmark.
process.exitCode = race.failures.length > 0 || rows.some((row) => row.failed) ? 1 : 0

function optionsOrExit() {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    console.error(error.message)
    return process.exit(2)
  }
}
