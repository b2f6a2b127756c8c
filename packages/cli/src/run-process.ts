import { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { exitCodes } from './exit-codes.ts'
import { main } from './main.ts'
import { unread } from './world.ts'

/** After Ctrl-C a command closes what it has open; one that waits for a server that is silent is not waited for. */
const closingMs = 2_000

/**
 * Runs the command line of this process and ends the process with its exit code, whatever a client or a
 * configuration leaves open.
 *
 * Ctrl-C and SIGTERM end what goes on by itself; the second time, or two seconds later, they end everything.
 */
export async function runProcess({ clock }: { readonly clock: Clock }): Promise<void> {
  const { stdin, stdout, stderr, env } = process
  const stopping = new AbortController()
  let outputError: Error | undefined
  let giveUp: (error: SluiceError) => void = () => {}
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  let isInterrupted = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isInterrupted) process.exit(exitCodes.interrupted)
      isInterrupted = true
      stopping.abort()
      setTimeout(() => giveUp(interrupted()), closingMs)
    })
  }
  // Whoever waits for what never comes leaves Node with nothing to do: it would end with 0.
  process.once('beforeExit', () => giveUp(stuck()))
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough, such as head, is no failure, nor a reason to leave a change half made.
    if (error.code !== 'EPIPE') outputError ??= error
    stopping.abort(unread)
  })
  stderr.on('error', () => {})

  const code = await main(process.argv.slice(2), {
    ...{ stdin, stdout, stderr, env, cwd: process.cwd(), clock },
    ...{ signal: stopping.signal, givenUp },
  })
  // What a stream could not write it tells in the next turn.
  await new Promise(setImmediate)
  if (outputError !== undefined) {
    stderr.write(`✗ The output could not be written: ${outputError.message}\n`)
  }
  await Promise.all([stdout, stderr].map(flush))
  process.exit(outputError === undefined ? code : exitCodes.failed)
}

/** A pipe takes what was written a little later; one that was closed takes nothing. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve()
    else stream.write('', () => resolve())
  })
}

function interrupted(): SluiceError {
  const message =
    'Interrupted while something did not answer.\nWhere a change was on its way, sluice log says whether it was made.'
  return new SluiceError('interrupted', message)
}

function stuck(): SluiceError {
  const message =
    'sluice cannot end: something that it waits for never comes.\nLook for an await or a promise in sluice.config that nothing settles.'
  return new SluiceError('never_settled', message)
}
