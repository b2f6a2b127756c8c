import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { declareFlagCommands } from './declare-flag-commands.ts'
import { declareHouseCommands } from './declare-house-commands.ts'
import { declareLogCommands } from './declare-log-commands.ts'
import { declareRolloutCommands } from './declare-rollout-commands.ts'
import type { ExitCode } from './exit-codes.ts'
import { createLazily } from './lazily.ts'
import type { World } from './world.ts'

const { version } = manifest

/**
 * Builds the tree of commands.
 *
 * @param end Told how the command that was typed ended.
 */
export function createProgram(world: World, end: (code: ExitCode) => void): Command {
  const program = new Command('sluice')
    .description('Flags, percentages, guarded rollouts, approvals and the audit log.')
    .version(version, '--version', 'prints the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      // Errors are told by main, which knows what to type instead.
      writeErr: () => {},
      getOutHelpWidth: () => world.stdout.columns ?? 100,
    })
    .showSuggestionAfterError(false)
    .option('--store <where>', 'the log: a folder, redis://, postgres://, nats://, https://')
    .option('--env <name>', 'the environment, as production')
    .option('--config <file>', 'the configuration; default: the nearest sluice.config.*')
    .option('--as <name>', 'who you are, for the log; default: what git knows')
    .option('--yes', 'confirms what would be asked')
    .option('--json', 'prints JSON, and nothing else')
    .option('--no-color', 'prints without colours, as NO_COLOR does')
  const lazily = createLazily(world, end)
  program.commandsGroup('Flags:')
  declareFlagCommands(program, lazily)
  program.commandsGroup('Rollouts and approvals:')
  declareRolloutCommands(program, lazily)
  program.commandsGroup('The log:')
  declareLogCommands(program, lazily)
  program.commandsGroup('The house:')
  declareHouseCommands(program, lazily)
  return program
}
