// Processor time of a request by a bare Pool and by a split dispatcher, in turn: what other processes do meets both, and hardly
// counts.
import { createSplitDispatcher } from '@sluice/rollout/dispatcher'
import { Pool, request } from 'undici'
import { medianOf } from '../measure.mjs'

const { origin, warmMs, measureMs } = JSON.parse(process.argv[2])

const concurrent = 16
/** Of each connection, in one sample: some 20 ms. */
const turns = 32
const pool = new Pool(origin)
const split = createSplitDispatcher({
  arms: {
    stable: { origins: [origin] },
    canary: { origins: [origin.replace('127.0.0.1', 'localhost')] },
  },
  weights: { stable: 100, canary: 0 },
  onOutcome: () => {},
})
const headers = { 'x-sluice-key': 'user-17' }

async function batch(dispatcher) {
  const before = process.cpuUsage()
  await Promise.all(
    Array.from({ length: concurrent }, async () => {
      for (let turn = 0; turn < turns; turn += 1) {
        const { body } = await request(origin, { dispatcher, headers })
        const text = await body.text()
        if (text.length !== 1024) throw new Error(`an origin answered ${text.length} bytes`)
      }
    }),
  )
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1e3) / (concurrent * turns)
}

const times = { bare: [], split: [] }
const startedAt = performance.now()
for (let turn = 0; ; turn += 1) {
  const elapsed = performance.now() - startedAt
  if (elapsed > warmMs + measureMs && times.bare.length >= 5) break
  // In turn, and the first of each pair in turn: neither always comes after the other.
  const pair = turn % 2 === 0 ? ['bare', 'split'] : ['split', 'bare']
  for (const name of pair) {
    const took = await batch(name === 'bare' ? pool : split)
    if (elapsed > warmMs) times[name].push(took)
  }
}
const bare = medianOf(times.bare)
process.stdout.write(
  `${JSON.stringify({ value: (medianOf(times.split) / bare - 1) * 100, bare, samples: times.bare.length })}\n`,
)
process.exit(0)
