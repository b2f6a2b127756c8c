// Loads servers in turn with as many requests as they take. Prints, for each, requests a second and the 99th percentile in ms.
import { Pool } from 'undici'

const { ports, connections, warmMs, measureMs } = JSON.parse(process.argv[2])

const results = []
for (const port of ports) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections })
  await load(pool, warmMs)
  results.push(await load(pool, measureMs))
  await pool.close()
}
process.stdout.write(`${JSON.stringify({ results })}\n`)
process.exit(0)

/** Every connection asks again as soon as it is answered. */
async function load(pool, durationMs) {
  const latencies = []
  const startedAt = performance.now()
  const until = startedAt + durationMs
  let key = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) {
        const sentAt = performance.now()
        await ask(pool, `user-${key++}`)
        latencies.push(performance.now() - sentAt)
      }
    }),
  )
  const tookMs = performance.now() - startedAt
  latencies.sort((a, b) => a - b)
  return {
    perSecond: (latencies.length * 1000) / tookMs,
    p99: latencies[Math.floor(latencies.length * 0.99)],
  }
}

function ask(pool, key) {
  return new Promise((resolve, reject) => {
    let status = 0
    let length = 0
    pool.dispatch(
      { method: 'GET', path: '/', headers: ['x-sluice-key', key] },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode) {
          status = statusCode
        },
        onResponseData(_controller, chunk) {
          length += chunk.length
        },
        onResponseEnd() {
          if (status === 200 && length === 1024) resolve()
          else reject(new Error(`a proxy answered ${status} with ${length} bytes`))
        },
        onResponseError: (_controller, error) => reject(error),
      },
    )
  })
}
