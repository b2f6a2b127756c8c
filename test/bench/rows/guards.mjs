import { boundedRow, medianOfRounds } from './bounds.mjs'

const mostTickNs = 500
const mostDayMs = 1000

/** What each guard takes for a tick, and what a recorded day takes to be replayed. */
export async function guardsRows({ rounds, warmMs, measureMs }) {
  const ask = (meter) =>
    medianOfRounds(rounds, 'rows/guards-child.mjs', { warmMs, measureMs, meter })
  const rows = []
  for (const guard of ['error_rate', 'latency', 'max_error_rate', 'max_latency']) {
    rows.push(
      boundedRow(`a tick of ${guard}`, await ask(guard), 'ns', mostTickNs, `<= ${mostTickNs} ns`),
    )
  }
  rows.push(
    boundedRow('replay of 24 h, 6 guards', await ask('day'), 'ms', mostDayMs, `<= ${mostDayMs} ms`),
  )
  return rows
}
