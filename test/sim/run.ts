import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Row, RowResult, RowTerms } from './row.ts'
import { rows } from './rows/index.ts'

// What the guards do on simulated traffic, through the public API: how often they roll back a healthy canary, how soon
// they find a bad one, and how well the forecast knows. Ends with 1 where a number is not kept.

const usage = 'usage: npm run sim -- [--runs 1000] [--seed 1] [--only part-of-a-row]'

if (process.send === undefined) await main()
else serve()

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
    },
  })
  const runs = Number(values.runs)
  const seed = Number(values.seed)
  if (!(Number.isInteger(runs) && runs > 0 && Number.isInteger(seed))) throw new Error(usage)
  const chosen = rows.flatMap((row, index) => (isChosen(row, values.only) ? [index] : []))
  if (chosen.length === 0) throw new Error(`no row has "${values.only}" in it; ${usage}`)
  console.log(
    `${runs} runs a row where no other number stands, seed ${seed}; canary 5 % of 200 requests/s, a look every second, alpha 1 %`,
  )
  const broken = await runRows(chosen, { runs, seed })
  if (broken.length === 0) return
  console.log(`\nBroken:\n${broken.map((line) => `  ${line}`).join('\n')}`)
  process.exitCode = 1
}

function isChosen({ group, name }: Row, only: string): boolean {
  return `${group}: ${name}`.toLowerCase().includes(only.toLowerCase())
}

/** Gives each worker one row after the other, and prints them in their order as they come in. */
async function runRows(chosen: readonly number[], terms: RowTerms): Promise<string[]> {
  const results = new Map<number, RowResult>()
  const broken: string[] = []
  let next = 0
  let printed = 0

  function printReady(): void {
    for (; printed < chosen.length; printed++) {
      const index = chosen[printed] as number
      const result = results.get(index)
      if (result === undefined) return
      const row = rows[index] as Row
      if (rows[chosen[printed - 1] ?? -1]?.group !== row.group) printHead(row)
      print(`  ${row.name}${result.broken === undefined ? '' : ' (!)'}`, result.cells)
      if (result.broken !== undefined) broken.push(`${row.name.trim()}: ${result.broken}`)
    }
  }

  const workers = Math.min(availableParallelism(), chosen.length)
  await Promise.all(
    Array.from({ length: workers }, async () => {
      const worker = fork(fileURLToPath(import.meta.url))
      while (next < chosen.length) {
        const index = chosen[next++] as number
        results.set(index, await ask(worker, { index, ...terms }))
        printReady()
      }
      worker.disconnect()
    }),
  )
  return broken
}

interface Order extends RowTerms {
  readonly index: number
}

function ask(worker: ChildProcess, order: Order): Promise<RowResult> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners()
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)))
    worker.once('message', (result) => resolve(result as RowResult))
    worker.send(order)
  })
}

/** In a worker: runs the rows it is asked for. Processes rather than threads, which tsx does not reach on Node 20. */
function serve(): void {
  process.on('message', (order) => {
    const { index, ...terms } = order as Order
    process.send?.((rows[index] as Row).run(terms))
  })
}

function printHead({ group, columns }: Row): void {
  console.log()
  print(group, columns)
}

function print(first: string, cells: readonly string[]): void {
  console.log(`${first.padEnd(48)}${cells.map((cell) => cell.padStart(14)).join('')}`)
}
