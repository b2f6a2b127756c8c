import { setTimeout as sleep } from 'node:timers/promises'
import { openFlags } from '@sluice/stores'
import { openTcpProxy } from '../../faults/tcp-proxy.ts'
import { openStore } from '../../services/open-store.ts'
import type { Place } from './places.ts'
import { quantile, type Row } from './report.ts'

const pollMs = 1_000
/** As the stores' pages advise: a connection silent for so long is given up. */
const silenceMs = 2_000
const rounds = 5
/** After that it is given up and shown as never. */
const longestMs = 60_000

/** How long after bad weather on the network a reader has what was written meanwhile. */
export async function* weatherRows({ name, url, port }: Place): AsyncGenerator<Row> {
  const proxy = await openTcpProxy(port as number)
  const through = new URL(url)
  through.port = String(proxy.port)
  const far = await openStore(through.href, 'weather', silenceMs)
  const near = await openStore(url, 'weather', silenceMs)
  const options = { environment: 'production', definitions: { page: {} }, pollMs }
  const reader = openFlags({ ...options, store: far.store })
  const writer = openFlags({ ...options, store: near.store })
  await Promise.all([reader.ready(), writer.ready()])
  const note = { actor: 'bench', reason: 'weather' }
  await writer.enable('page', note)

  const quiet = await evaluationP99(reader, 1_000)
  const kinds: [string, () => Promise<void>][] = [
    [
      '200 resets',
      () =>
        repeat(200, async () => {
          proxy.cut()
          await sleep(5)
        }),
    ],
    [
      'a black hole of 3 s',
      async () => {
        proxy.blackHole(true)
        await sleep(3_000)
        proxy.blackHole(false)
      },
    ],
    ['half-open connections', async () => proxy.halfOpen()],
  ]
  const loud: number[] = []
  for (const [title, storm] of kinds) {
    const times: number[] = []
    await repeat(rounds, async () => {
      const raging = storm()
      loud.push(await evaluationP99(reader, 500))
      await raging
      await writer.setRollout('page', Math.ceil(Math.random() * 99), note)
      const begun = performance.now()
      const isBehind = () => reader.replica.head.revision < writer.replica.head.revision
      while (isBehind() && performance.now() - begun < longestMs) await sleep(5)
      times.push(isBehind() ? Number.POSITIVE_INFINITY : performance.now() - begun)
    })
    // A half-open connection is noticed only after the silence that its client was given, from the
    // next call or ping on.
    const most = pollMs + 1_000 + (title.startsWith('half') ? 2 * silenceMs : 0)
    yield {
      title: `${name}: after ${title}, until the reader has the newest`,
      value: Math.max(...times),
      unit: 'ms',
      most,
      note: `longest of ${rounds}, poll ${pollMs} ms, silence ${silenceMs} ms`,
    }
  }
  yield {
    title: `${name}: p99 of an evaluation in such weather, over quiet`,
    value: quantile(loud, 0.5) / quiet,
    unit: 'x',
    note: `quiet ${(quiet * 1000).toFixed(0)} ns per call, in batches of 1,000`,
  }
  await Promise.all([reader.close(), writer.close()])
  await Promise.all([far.close(), near.close()])
  await proxy.close()
}

/** In µs per call, over batches: one call is too short for the clock. */
async function evaluationP99(
  flags: { isEnabled(key: 'page', context: string): boolean },
  durationMs: number,
): Promise<number> {
  const times: number[] = []
  const until = performance.now() + durationMs
  while (performance.now() < until) {
    const begun = performance.now()
    for (let n = 0; n < 1_000; n += 1) flags.isEnabled('page', 'ada')
    times.push(performance.now() - begun)
    await sleep(1)
  }
  return quantile(times, 0.99)
}

async function repeat(times: number, what: () => Promise<void>): Promise<void> {
  for (let n = 0; n < times; n += 1) await what()
}
