import type { Command } from 'commander'
import type { Lazily } from './lazily.ts'

/** Declares the everyday commands. */
export function declareFlagCommands(program: Command, lazily: Lazily): void {
  program
    .command('flags')
    .description('lists the flags')
    .action(lazily(async () => (await import('./commands/flags.ts')).listFlags))
}
