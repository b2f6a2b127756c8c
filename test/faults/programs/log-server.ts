// Serves a file store over HTTP on the port it is given, without end.
import { createServer } from 'node:http'
import { createFileStore } from '@sluice/stores/file'
import { createLogHandler, toNodeListener } from '@sluice/stores/http'

const [directory, port] = process.argv.slice(2) as [string, string]
const store = createFileStore({ directory })
const handler = createLogHandler(store, { authorize: () => 'write' })
createServer(toNodeListener(handler)).listen(Number(port), '127.0.0.1')
