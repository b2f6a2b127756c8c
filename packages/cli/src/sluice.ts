#!/usr/bin/env node
import { machineClock } from './machine-clock.ts'
import { main } from './main.ts'

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time is meant: whatever still closes is left.
    if (interrupted.signal.aborted) process.exit(130)
    interrupted.abort()
  })
}
// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const { stdin, stdout, stderr, env } = process
void main(process.argv.slice(2), {
  ...{ stdin, stdout, stderr, env, cwd: process.cwd(), clock: machineClock },
  signal: interrupted.signal,
}).then((code) => {
  process.exitCode = code
})
