import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

// Vitest lends Node the condition `module`, by which OpenTelemetry's API names files that only bundlers can load. In
// their place stand those that it names to Node.
const forBundlers = require.resolve('@opentelemetry/api')
const forNode = join(dirname(forBundlers), '../src/index.js')
require(forNode)
require.cache[forBundlers] = require.cache[forNode]

/** OpenTelemetry's SDK of metrics. */
export const sdk =
  require('@opentelemetry/sdk-metrics') as typeof import('@opentelemetry/sdk-metrics')

/** The SDK of OpenTelemetry's logs, as Node loads it. */
export const logsSdk =
  require('@opentelemetry/sdk-logs') as typeof import('@opentelemetry/sdk-logs')
