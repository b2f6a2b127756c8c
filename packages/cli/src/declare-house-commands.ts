import { Argument, type Command } from 'commander'
import type { Lazily } from './lazily.ts'

/** Declares what begins a project, and looks after it. */
export function declareHouseCommands(program: Command, lazily: Lazily): void {
  program
    .command('init')
    .description('writes a configuration and a first flag, never over a file')
    .action(lazily(async () => (await import('./commands/init.ts')).init))
  program
    .command('types <file>')
    .description('declares the flags of a file as a TypeScript type')
    .option('--out <file>', 'writes it there; default: stdout')
    .option('--name <name>', 'the type; default AppFlags')
    .option('--check', 'writes nothing; ends with 2 where --out is not current')
    .action(lazily(async () => (await import('./commands/types.ts')).writeTypes))
  program
    .command('doctor')
    .description('looks at configuration, store, chain, clock and versions')
    .action(lazily(async () => (await import('./commands/doctor.ts')).examine))
  program
    .command('stale [folders...]')
    .description('lists the flags that should be gone, and where code asks for them')
    .option('--check', 'ends with 2 where there are any')
    .option('--function <names...>', 'functions of yours that take a key, as useFlag')
    .action(lazily(async () => (await import('./commands/stale.ts')).findStaleFlags))
  program
    .command('dora')
    .description('measures how often, how fast and how well changes reach production')
    .option('--since <time>', 'from then on; default 30d')
    .option('--until <time>', 'up to then')
    .action(lazily(async () => (await import('./commands/dora.ts')).showDora))
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']))
    .description('prints what a shell sources to complete commands and flags')
    .action(lazily(async () => (await import('./commands/completion.ts')).printCompletion))
  program
    .command('complete [words...]', { hidden: true })
    .action(lazily(async () => (await import('./commands/complete.ts')).createCompleter(program)))
}
