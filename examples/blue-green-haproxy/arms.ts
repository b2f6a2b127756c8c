import { once } from 'node:events'
import http from 'node:http'

/** The shop's servers, one for each arm, on a port that stays. */
export interface Arms {
  /** Stops what runs on the arm, and starts this version. */
  deploy(arm: string, version: string): Promise<void>
  stop(arm: string): Promise<void>
  /** Asks the arm itself, not through HAProxy. */
  isHealthy(arm: string): Promise<boolean>
  close(): Promise<void>
}

/** Versions that fail a third of the requests, though their health page is fine. */
const badVersions = new Set(['v2'])

/** Creates the arms; nothing runs on them yet. */
export function createArms(ports: Readonly<Record<string, number>>): Arms {
  const running = new Map<string, http.Server>()

  async function stop(arm: string): Promise<void> {
    const server = running.get(arm)
    running.delete(arm)
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    server.closeIdleConnections()
    await closed
  }

  return {
    stop,
    async deploy(arm, version) {
      await stop(arm)
      let served = 0
      const server = http.createServer((request, response) => {
        served += 1
        const isBad = badVersions.has(version) && request.url !== '/health' && served % 3 === 0
        response.writeHead(isBad ? 500 : 200, { 'x-arm': arm, 'x-version': version })
        response.end()
      })
      server.listen(ports[arm], '127.0.0.1')
      await once(server, 'listening')
      running.set(arm, server)
    },
    async isHealthy(arm) {
      const response = await fetch(`http://127.0.0.1:${ports[arm]}/health`)
      return response.ok
    },
    async close() {
      for (const server of running.values()) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}
