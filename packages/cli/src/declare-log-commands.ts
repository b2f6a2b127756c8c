import type { Command } from 'commander'
import type { Lazily } from './lazily.ts'

/** Declares what reads the log, keeps it safe, and looks after the house. */
export function declareLogCommands(program: Command, lazily: Lazily): void {
  program
    .command('apply [file]')
    .description('makes the definitions in the log those of a file, after showing the difference')
    .option('--reason <text>', 'why; it goes into the log')
    .option('--ticket <id>', 'the ticket it belongs to')
    .option('--check', 'changes nothing; ends with 2 where there is a difference')
    .option('--dry-run', 'changes nothing, and shows what would be')
    .option('--remove', 'takes out of the log what the file does not hold')
    .option('--type <type>', 'which approval it needs: hotfix, minor, major, breaking')
    .action(lazily(async () => (await import('./commands/apply.ts')).apply))
  program
    .command('log')
    .description('shows who did what, when and why')
    .option('--flag <key>', 'only this flag')
    .option('--actor <name>', 'only what they did')
    .option('--action <name>', 'only this action, as set_rollout')
    .option('--since <time>', 'from then on: 2h, 7d, 2026-03-01')
    .option('--until <time>', 'up to then')
    .option('--limit <count>', 'the newest so many; default 20')
    .option('--all', 'also what guards note for each other')
    .option('--follow', 'goes on until Ctrl-C')
    .option('--at <time>', 'shows the flags as they were then, instead')
    .action(lazily(async () => (await import('./commands/log.ts')).showLog))
  program
    .command('verify')
    .description('holds the log to its chain of hashes; ends with 2 where it is broken')
    .option('--head <head>', 'a head noted earlier must still stand in it: 17:3f9a…')
    .option('--archive <folder>', 'begins with what compactions took out')
    .option('--backup <file>', 'verifies a backup instead')
    .action(lazily(async () => (await import('./commands/verify.ts')).verify))
  program
    .command('export [file]')
    .description('writes the audit log for an auditor, to a file or to stdout')
    .option('--format <format>', 'jsonl or csv; default: what the file is called')
    .option('--flag <key>', 'only this flag')
    .option('--actor <name>', 'only what they did')
    .option('--since <time>', 'from then on: 7d, 2026-01-01')
    .option('--until <time>', 'up to then')
    .option('--archive <folder>', 'begins with what compactions took out')
    .action(lazily(async () => (await import('./commands/export.ts')).exportLog))
  program
    .command('backup <file>')
    .description('copies the log to one file, while it is in use')
    .action(lazily(async () => (await import('./commands/backup.ts')).backup))
  program
    .command('restore <file>')
    .description('writes a backup to an empty store')
    .action(lazily(async () => (await import('./commands/backup.ts')).restore))
}
