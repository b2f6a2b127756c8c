// Nanoseconds of one guard's tick, or milliseconds of a day's replay.
import {
  bucketOf,
  createArmCounts,
  createGuardSet,
  errorRate,
  latency,
  maxErrorRate,
  maxLatency,
  replay,
} from '@sluice/guards'
import { measure } from '../measure.mjs'

const { meter, warmMs, measureMs } = JSON.parse(process.argv[2])

const guards = {
  error_rate: errorRate(),
  latency: latency(),
  max_error_rate: maxErrorRate({ ratio: 0.1 }),
  max_latency: maxLatency({ ms: 5000 }),
}

// Ten canary and 190 stable requests a second, 1 % errors, latencies from 50 to 400 ms.
let state = 20_261_124
const ticks = Array.from({ length: 200 }, () => ({
  at: 0,
  canary: arm(10),
  stable: arm(190),
}))

function arm(requests) {
  const counts = createArmCounts()
  counts.requests = requests
  for (let request = 0; request < requests; request++) {
    if (draw() < 0.01) counts.errors++
    counts.latency[bucketOf(50 * 8 ** draw())]++
  }
  return counts
}

/** 0 … 1, the same in every run: a generator modulo 2^31. */
function draw() {
  state = (state * 48_271) % 2_147_483_647
  return state / 2_147_483_647
}

const value = meter === 'day' ? await day() : await tick(guards[meter])
process.stdout.write(`${JSON.stringify({ value })}\n`)
process.exit(0)

async function tick(guard) {
  const set = createGuardSet([guard])
  let at = 0
  const pass = () => {
    for (const each of ticks) {
      at += 1000
      each.at = at
      set.observe(each)
    }
    return ticks.length
  }
  return (await measure({ pass, calls: ticks.length, sum: ticks.length, warmMs, measureMs })).median
}

async function day() {
  const six = [
    ...Object.values(guards),
    maxErrorRate({ name: 'high_error_rate', ratio: 0.05, consequence: 'warn' }),
    maxLatency({ name: 'high_p95', ms: 2000, consequence: 'warn' }),
  ]
  function* recorded() {
    for (let second = 0; second < 86_400; second++) {
      yield { ...ticks[second % ticks.length], at: second * 1000 }
    }
  }
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 3; turn++) {
    const begun = performance.now()
    if (replay(recorded(), six).ticks !== 86_400) throw new Error('it ended early')
    least = Math.min(least, performance.now() - begun)
  }
  return least
}
