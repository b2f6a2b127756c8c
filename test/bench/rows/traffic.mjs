import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { medianOf } from '../measure.mjs'
import { peerVersions } from '../prepare.mjs'
import { runScript } from '../spawn.mjs'
import { boundedRow, medianOfRounds } from './bounds.mjs'

/** In ms, whatever `--quick` says: sockets and their buffers need longer than a loop to settle. */
const windowFactor = 5
const connections = 64
const peers = ['http-proxy-3', 'fast-proxy']

/** What a split dispatcher adds to a request over a bare undici Pool, on the loopback. */
export async function dispatcherRows({ rounds, warmMs, measureMs }) {
  const origin = await start('traffic-origin-child.mjs')
  try {
    const result = await medianOfRounds(rounds, 'rows/dispatcher-child.mjs', {
      origin: `http://127.0.0.1:${origin.port}`,
      warmMs,
      measureMs: measureMs * windowFactor,
    })
    return [boundedRow('split dispatcher over a bare Pool', result, '%', 10, '<= 10 %')]
  } finally {
    origin.stop()
  }
}

/** Requests a second and the 99th percentile through the split proxy and its peers, each in a process of its own. */
export async function proxyRows({ rounds, warmMs, measureMs }) {
  const servers = [await start('traffic-origin-child.mjs'), await start('traffic-origin-child.mjs')]
  const origins = servers.map(({ port }) => `http://127.0.0.1:${port}`)
  try {
    const names = ['sluice', ...peers]
    const proxies = []
    for (const proxy of names) {
      proxies.push(await start('proxy-child.mjs', { proxy, origins }))
      servers.push(proxies.at(-1))
    }
    const found = names.map(() => ({ perSecond: [], p99: [] }))
    for (let round = 0; round < rounds; round += 1) {
      // Each round begins with another one.
      const order = names.map((_, index) => (index + round) % names.length)
      const { results } = await runScript('rows/load-http-child.mjs', {
        ports: order.map((index) => proxies[index].port),
        connections,
        warmMs: warmMs * windowFactor,
        measureMs: measureMs * windowFactor,
      })
      for (const [place, index] of order.entries()) {
        found[index].perSecond.push(results[place].perSecond)
        found[index].p99.push(results[place].p99)
      }
    }
    return report(
      names,
      found.map(({ perSecond, p99 }) => [medianOf(perSecond), medianOf(p99)]),
    )
  } finally {
    for (const server of servers) server.stop()
  }
}

function report(names, [[ownRate, ownP99], ...others]) {
  const versions = peerVersions(peers)
  const fastest = others.reduce((best, each) => (each[0] > best[0] ? each : best))
  const peer = names[others.indexOf(fastest) + 1]
  const note = `against ${peer}, ${connections} connections`
  const share = (ownRate / fastest[0]) * 100
  return [
    {
      title: 'split proxy, of the faster peer',
      value: share,
      unit: '%',
      bound: '>= 70 %',
      isMet: share >= 70,
      note,
    },
    {
      title: '   99th percentile',
      value: ownP99,
      unit: 'ms',
      bound: 'no worse',
      isMet: ownP99 <= fastest[1],
      note: `${peer}: ${fastest[1].toFixed(1)} ms`,
    },
    { title: '   requests a second', value: ownRate, unit: '/s' },
    ...others.map(([rate, p99], index) => ({
      title: `   ${peers[index]} ${versions[peers[index]]}`,
      value: rate,
      unit: '/s',
      note: `99th percentile ${p99.toFixed(1)} ms`,
    })),
  ]
}

/** A server in a process of its own; the first line it prints is its port. */
async function start(script, parameters = {}) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [path, JSON.stringify(parameters)], {
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close').then(() => {
    throw new Error(`${script} ${JSON.stringify(parameters)} ended`)
  })
  const stop = () => {
    ended.catch(() => {})
    child.stdin.end()
  }
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])
  ended.catch(() => {})
  return { ...JSON.parse(line), stop }
}
