// Nanoseconds of one isEnabled with and without telemetry, or the bytes telemetry allocates for it. The bytes need --expose-gc.
import { openFlags } from '@sluice/sdk'
import { observeFlags } from '@sluice/sdk/opentelemetry'
import { definitionsOf } from '../contestants/sluice-flags.mjs'
import { measure } from '../measure.mjs'
import { usersOfOneShape } from '../users.mjs'
import { flagsFor, keyOf } from '../workloads.mjs'

const { what, warmMs, measureMs } = JSON.parse(process.argv[2])

const loaded = flagsFor('W1')
const key = keyOf(loaded, 'W1')
const flags = openFlags({ environment: 'production', definitions: definitionsOf(loaded) })
if (!(await flags.ready())) throw new Error('the flags did not become live')
// So few that no four places of the table are wanted by five: the fifth would be an exposure again and again.
const users = usersOfOneShape().slice(0, 1_000)
let sent = 0
if (what !== 'plain') {
  observeFlags(flags, {
    logger: { emit: () => (sent += 1) },
    maxEventsPerSecond: Number.MAX_SAFE_INTEGER,
  })
}

const value = what === 'bytes' ? bytes() : await time()
if (what !== 'plain' && sent === 0) throw new Error('no exposure was sent')
process.stdout.write(`${JSON.stringify({ value })}\n`)
process.exit(0)

function pass() {
  let seen = 0
  for (const user of users) if (flags.isEnabled(key, user)) seen += 1
  return seen
}

async function time() {
  const sum = pass()
  const { median } = await measure({ pass, calls: users.length, sum, warmMs, measureMs })
  return median
}

/** Of the windows the least: a stray collection or a compiler's note is not the question's. */
function bytes() {
  for (let turn = 0; turn < 2_000; turn += 1) pass()
  const before = sent
  let least = Number.POSITIVE_INFINITY
  for (let window = 0; window < 5; window += 1) {
    globalThis.gc()
    const used = process.memoryUsage().heapUsed
    for (let turn = 0; turn < 200; turn += 1) pass()
    least = Math.min(least, (process.memoryUsage().heapUsed - used) / (200 * users.length))
  }
  if (sent !== before) throw new Error('an exposure was sent twice')
  return Math.floor(least)
}
