import { createInterface } from 'node:readline/promises'
import { SluiceError } from '@sluice/core'
import type { Context } from './context.ts'
import { clean } from './text.ts'
import type { World } from './world.ts'

/** What somebody is asked. */
export interface Question {
  /** One line, as `Serve checkout to 25 % in production?` */
  readonly question: string
  /** Why `--yes` is needed where nobody can be asked: `a change in production`. */
  readonly what: string
}

/**
 * Asks before something is done. Enter alone is no.
 *
 * @throws SluiceError `not_confirmed` after a no; `confirmation_required` where nobody can be asked and
 * `--yes` was not given; `interrupted` after Ctrl-C.
 */
export async function confirm(
  { world, terminal, globals }: Context,
  { question, what }: Question,
): Promise<void> {
  if (globals.yes === true) return
  if (!terminal.isInteractive) {
    throw new SluiceError(
      'confirmation_required',
      `Nothing was changed: ${what} is confirmed first, and nobody can be asked here.\nAdd --yes to confirm it.`,
    )
  }
  const answer = await ask(world, `${clean(question)} ${terminal.color.dim('[y/N]')} `)
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new SluiceError('not_confirmed', 'Nothing was changed.')
  }
}

async function ask({ stdin, stdout, signal }: World, question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stdout as never, terminal: false })
  const stopped = new AbortController()
  const stop = () => stopped.abort()
  signal.addEventListener('abort', stop)
  // The end of the input is no answer.
  lines.once('close', stop)
  try {
    stdout.write(question)
    return await lines.question('', { signal: stopped.signal })
  } catch {
    stdout.write('\n')
    if (signal.aborted) throw new SluiceError('interrupted', 'Interrupted; nothing was changed.')
    return ''
  } finally {
    signal.removeEventListener('abort', stop)
    lines.off('close', stop)
    lines.close()
  }
}
