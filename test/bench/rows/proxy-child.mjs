// One reverse proxy before an origin. Prints its port and lives until its input ends.
import { Agent, createServer } from 'node:http'

const { proxy, origins } = JSON.parse(process.argv[2])
const [target] = origins

const listeners = {
  async sluice() {
    const { createSplitProxy } = await import('@sluice/rollout/proxy')
    const [stable, canary] = origins
    const split = createSplitProxy({
      arms: { stable: { origins: [stable] }, canary: { origins: [canary] } },
      weights: { stable: 95, canary: 5 },
      onOutcome: () => {},
    })
    return split.handle
  },
  async 'http-proxy-3'() {
    const { default: httpProxy } = await import('http-proxy-3')
    const agent = new Agent({ keepAlive: true })
    const server = httpProxy.createProxyServer({ target, agent, xfwd: true })
    server.on('error', (_error, _request, response) => response.destroy())
    return (request, response) => server.web(request, response)
  },
  async 'fast-proxy'() {
    const { default: fastProxy } = await import('fast-proxy')
    const { proxy: forward } = fastProxy({ base: target, undici: { connections: 256 } })
    return (request, response) => forward(request, response, request.url, {})
  },
}

const server = createServer({ keepAliveTimeout: 60_000 }, await listeners[proxy]())
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))
process.stdin.on('end', () => process.exit(0)).resume()
