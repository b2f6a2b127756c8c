import type { Command } from 'commander'

/** Declares the reason of a command: every change says why. */
export function withNote(command: Command): Command {
  return command
    .option('--reason <text>', 'why; it goes into the log')
    .option('--ticket <id>', 'the ticket it belongs to')
}
