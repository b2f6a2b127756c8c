// Nanoseconds or bytes of one observe(). The bytes need --expose-gc.
import { createHealthRecorder } from '@sluice/guards'
import { measure } from '../measure.mjs'

const { meter, errorsIn, warmMs, measureMs } = JSON.parse(process.argv[2])

const calls = 10_000
const recorder = createHealthRecorder()
const observations = Array.from({ length: calls }, (_, index) => ({
  arm: index % 20 === 0 ? 'canary' : 'stable',
  ok: errorsIn === 0 || index % errorsIn !== 7,
  durationMs: 20 + ((index * 7919) % 500) / 3,
  unit: `user-${(index * 2654435761) % 4294967296}`,
}))

const value = meter === 'time' ? await nanoseconds() : bytes()
const { stable, canary } = recorder.read()
if ((stable.requests + canary.requests) % calls !== 0) throw new Error('requests were lost')
if (recorder.dropped > 0) throw new Error('requests were dropped')
process.stdout.write(`${JSON.stringify({ value })}\n`)
process.exit(0)

function pass() {
  for (const observation of observations) recorder.observe(observation)
  return calls
}

async function nanoseconds() {
  return (await measure({ pass, calls, sum: calls, warmMs, measureMs })).median
}

/** The least of several windows, as in allocation-child.mjs: 10 million calls in all. */
function bytes() {
  for (let turn = 0; turn < 100; turn += 1) pass()
  const windows = 5
  const passes = 1000 / windows
  let least = Number.POSITIVE_INFINITY
  for (let window = 0; window < windows; window += 1) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    for (let turn = 0; turn < passes; turn += 1) pass()
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  return Math.max(0, least) / (passes * calls)
}
