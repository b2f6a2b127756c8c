// How far the heap grows in many evaluations with no collection between. Needs --expose-gc.
import { openContestant } from '../contestants/index.mjs'
import { flagsFor, passOver } from '../workloads.mjs'

const { contestant: name, workload, passes } = JSON.parse(process.argv[2])

const contestant = await openContestant(name)
const flags = flagsFor(workload)
const client = await contestant.open(flags)
const { pass, calls, check } = passOver(workload, flags, client)
const { sum } = await check()

// Optimised code first: unoptimised code boxes numbers of its own.
repeat(100)
// The least of several windows: what a call allocates is in all of them, what the compiler puts on
// the heap when it optimises once more is in one.
const windows = 5
const perWindow = passes / windows
let least = Number.POSITIVE_INFINITY
for (let window = 0; window < windows; window += 1) {
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  repeat(perWindow)
  least = Math.min(least, process.memoryUsage().heapUsed - before)
}
const value = Math.max(0, least) / (perWindow * calls)
const note = `${windows} x ${perWindow * calls} calls, least`
process.stdout.write(`${JSON.stringify({ value, note })}\n`)
process.exit(0)

function repeat(times) {
  for (let turn = 0; turn < times; turn += 1) {
    if (pass() !== sum) throw new Error('a pass answered something else')
  }
}
