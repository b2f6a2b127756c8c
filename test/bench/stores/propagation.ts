import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openFlags } from '@sluice/stores'
import { openAt, type Place } from './places.ts'
import { quantile, type Row } from './report.ts'

const changes = 400
const mostMs: { readonly [place: string]: number } = {
  redis: 20,
  nats: 20,
  postgres: 50,
  http: 50,
  file: 100,
}

/** From `setRollout` in one process to the new answer in another one. */
export async function propagationRow({ name, url }: Place): Promise<Row> {
  const { store, close } = await openAt(url, 'propagation')
  const flags = openFlags({ store, environment: 'production', definitions: { page: {} } })
  await flags.ready()
  const note = { actor: 'bench', reason: 'propagation' }
  await flags.enable('page', note)
  const reader = fork(
    fileURLToPath(new URL('./reader.ts', import.meta.url)),
    [url, 'propagation'],
    {
      execArgv: ['--import', 'tsx', '-C', '@sluice/source'],
    },
  )
  await once(reader, 'message')
  const times: number[] = []
  let heard = (_message: { rollout: number; at: number }) => {}
  reader.on('message', (message: { rollout: number; at: number }) => heard(message))
  for (let n = 0; n < changes; n += 1) {
    const rollout = (n % 99) + 1
    const seen = new Promise<number>((resolve) => {
      heard = (message) => {
        if (message.rollout === rollout) resolve(message.at)
      }
    })
    const asked = performance.timeOrigin + performance.now()
    await flags.setRollout('page', rollout, note)
    times.push((await seen) - asked)
    await sleep(5 + Math.random() * 10)
  }
  reader.disconnect()
  await once(reader, 'exit')
  await flags.close()
  await close()
  const p50 = quantile(times, 0.5).toFixed(1)
  return {
    title: `${name}: setRollout in one process to the answer in another, p99`,
    value: quantile(times, 0.99),
    unit: 'ms',
    most: mostMs[name],
    note: `p50 ${p50} ms, ${changes} changes`,
  }
}
