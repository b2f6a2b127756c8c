import type { Command } from 'commander'
import type { Context, GlobalOptions } from './context.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { createTerminal } from './terminal.ts'
import type { World } from './world.ts'

/**
 * What a command does: its arguments as typed, and its options. It answers the exit code where that
 * is not 0.
 */
export type Run<Arguments extends readonly unknown[], Options> = (
  context: Context,
  args: Arguments,
  options: Options,
) => Promise<ExitCode | undefined> | Promise<void>

/**
 * Makes the action of a command from a function that loads it: nothing of a command is loaded before
 * somebody types it, so that `sluice --help` costs no more than the tree of commands.
 */
export type Lazily = <Arguments extends readonly unknown[], Options>(
  load: () => Promise<Run<Arguments, Options>>,
) => (...typed: unknown[]) => Promise<void>

/**
 * {@link Lazily} for one world.
 *
 * @param end Told how the command that was typed ended.
 */
export function createLazily(world: World, end: (code: ExitCode) => void): Lazily {
  return (load) =>
    async (...typed) => {
      // Commander appends the options and the command to the arguments.
      const command = typed.at(-1) as Command
      const globals = command.optsWithGlobals<GlobalOptions>()
      const terminal = createTerminal(world, globals)
      const run = await load()
      const context = { world, terminal, globals }
      const code = await run(context, typed.slice(0, -2) as never, command.opts() as never)
      end(code ?? exitCodes.done)
    }
}
