import { isSluiceError, SluiceError } from '@sluice/core'
import type { Command, CommanderError } from 'commander'
import { toUsageError } from './commander-error.ts'
import type { GlobalOptions } from './context.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts'
import { toFileError } from './file-error.ts'
import { createProgram } from './program.ts'
import { createTerminal } from './terminal.ts'
import { clean, toJson, wrap } from './text.ts'
import { unread, type World } from './world.ts'

/**
 * Runs one command line in a world.
 *
 * @param argv What follows `sluice`.
 * @returns The exit code. Never rejects: errors are told on stderr.
 */
export async function main(argv: readonly string[], world: World): Promise<ExitCode> {
  let code = exitCodes.done as ExitCode
  const program = createProgram(world, (ended) => {
    code = ended
  })
  try {
    const work = program.parseAsync(argv, { from: 'user' })
    await (world.givenUp === undefined ? work : Promise.race([work, world.givenUp]))
    // To a reader that has gone, the end of what went on by itself is no interruption.
    return world.signal.reason === unread && code === exitCodes.interrupted ? exitCodes.done : code
  } catch (thrown) {
    if ((thrown as CommanderError).exitCode === 0) return exitCodes.done
    // Commander's word for: nothing was typed but the program's name.
    if ((thrown as CommanderError).code === 'commander.help' && argv.length === 0) {
      world.stderr.write(program.helpInformation())
      return exitCodes.usage
    }
    return tell(toUsageError(thrown, program, argv), program, world)
  }
}

function tell(thrown: unknown, program: Command, world: World): ExitCode {
  const isOurs = isSluiceError(thrown)
  if (!isOurs && world.signal.reason === unread) return exitCodes.done
  const error =
    world.signal.aborted && !isOurs
      ? new SluiceError('interrupted', 'Interrupted.', { cause: thrown })
      : toFileError(thrown)
  const { code, message } = error as { code?: string; message?: string }
  const exitCode = exitCodeOf(isSluiceError(error) ? code : undefined)
  const globals = program.opts<GlobalOptions>()
  if (globals.json === true) {
    world.stderr.write(`${toJson({ error: describe(error, exitCode) })}\n`)
    return exitCode
  }
  const { color, width } = createTerminal(
    // Errors go to stderr, so that its colours are asked for.
    { ...world, stdout: world.stderr },
    globals.color === undefined ? {} : { color: globals.color },
  )
  const [what = '', ...instead] = String(message ?? error).split('\n')
  const isNoFault = code === 'interrupted' || code === 'not_confirmed'
  const mark = isNoFault ? color.dim('·') : color.red('✗')
  const wrapped = (line: string) => wrap(clean(line), Math.min(width, 110) - 2)
  const [first = '', ...more] = wrapped(what)
  const lines = [...more, ...instead.flatMap(wrapped).map(color.dim)]
  world.stderr.write([`${mark} ${first}`, ...lines.map((line) => `  ${line}`), ''].join('\n'))
  return exitCode
}

function describe(error: unknown, exitCode: ExitCode) {
  const { message = String(error) } = error as { message?: string }
  if (!isSluiceError(error)) return { code: 'unexpected', message, exitCode }
  const { code, flag, pointer, expected, found } = error
  return { code, message: message.replaceAll('\n', ' '), exitCode, flag, pointer, expected, found }
}
