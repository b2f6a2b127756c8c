import type { Command } from 'commander'
import type { Lazily } from './lazily.ts'
import { withNote } from './with-note.ts'

/** Declares what shows flags and moves them. */
export function declareFlagCommands(program: Command, lazily: Lazily): void {
  const flags = program
    .command('flags')
    .description('lists the flags: what each does in the environment')
    .action(lazily(async () => (await import('./commands/flags.ts')).listFlags))
  flags
    .command('show <key>')
    .description('shows one flag in every environment, and who moved it last')
    .action(lazily(async () => (await import('./commands/show-flag.ts')).showFlag))
  flags
    .command('explain <key>')
    .description('says what a user gets, and why; --as takes an id, a JSON file or JSON')
    .option('--at <time>', 'as it was then: 2h, 7d, 2026-03-01T09:00Z')
    .action(lazily(async () => (await import('./commands/explain-flag.ts')).explainFlag))

  withNote(program.command('set <key> <percent>'))
    .description('sets the share of users inside')
    .action(lazily(async () => (await import('./commands/set.ts')).setRollout))
  withNote(program.command('enable <key>'))
    .description('turns a flag on, for the share it has')
    .action(lazily(async () => (await import('./commands/set.ts')).enable))
  withNote(program.command('kill <key>'))
    .description('turns a flag off for everybody, at once; nobody is asked')
    .action(lazily(async () => (await import('./commands/set.ts')).kill))
  withNote(program.command('split <key> <shares...>'))
    .description('sets the shares between variants, as on=50 off=50')
    .action(lazily(async () => (await import('./commands/set.ts')).setSplit))
}
