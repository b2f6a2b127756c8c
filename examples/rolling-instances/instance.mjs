// One instance of the shop, in a process of its own: node instance.mjs <port> <version>. Version v3 never becomes healthy.
import http from 'node:http'

const [port, version] = process.argv.slice(2)

const server = http.createServer((request, response) => {
  const isBad = version === 'v3' && request.url === '/health'
  response.writeHead(isBad ? 503 : 200, { connection: 'close' })
  response.end(version)
})
server.listen(Number(port), '127.0.0.1', () => process.send('listens'))
// It does not outlive whoever started it.
process.once('disconnect', () => process.exit())
