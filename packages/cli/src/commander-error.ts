import { SluiceError } from '@sluice/core'
import { type Command, CommanderError } from 'commander'
import { suggest } from './usage-error.ts'

/** Commander's error as one of ours, which says what to type instead; anything else as it is. */
export function toUsageError(thrown: unknown, program: Command, argv: readonly string[]): unknown {
  if (!(thrown instanceof CommanderError)) return thrown
  const command = commandOf(program, argv)
  const path = pathOf(command)
  const what = thrown.message.replace(/^error: /u, '').split('\n')[0] ?? ''
  const quoted = /'([^']*)'/u.exec(what)?.[1] ?? ''
  const help = `${path} --help says more.`
  switch (thrown.code) {
    case 'commander.unknownCommand':
      return unknownCommand(command, quoted, help)
    case 'commander.unknownOption': {
      const known = optionsOf(command)
      return fail('unknown_option', `${path} has no option ${quoted}.`, [
        suggest(quoted.split('=')[0] ?? '', known),
        help,
      ])
    }
    // Commander's word for a command that only holds others.
    case 'commander.help': {
      const known = command.createHelp().visibleCommands(command)
      const names = known.map((each) => each.name()).filter((name) => name !== 'help')
      return fail('invalid_usage', `${path} needs a command.`, [
        `There is ${names.join(', ')}.`,
        help,
      ])
    }
    case 'commander.missingArgument':
      return fail('invalid_usage', `${path} needs <${quoted}>.`, [`Type ${usageOf(command)}`])
    case 'commander.excessArguments': {
      const [first] = command.commands.map((each) => each.name())
      // What takes no argument and has commands was given a word for one of them.
      if (first !== undefined) return unknownCommand(command, wordAfter(command, argv), help)
      return fail('invalid_usage', `${path} takes fewer arguments.`, [`Type ${usageOf(command)}`])
    }
    case 'commander.optionMissingArgument':
      return fail('invalid_usage', `A value is missing: ${quoted}`, [help])
    case 'commander.invalidArgument': {
      const choices = /Allowed choices are (.*)\.$/u.exec(what)?.[1]?.split(', ')
      if (choices === undefined) break
      const hint = suggest(quoted, choices) ?? `Type one of ${choices.join(', ')}.`
      return fail('invalid_usage', `${path} knows no ${quoted}.`, [hint])
    }
  }
  return fail('invalid_usage', capital(what), [help])
}

function unknownCommand(command: Command, word: string, help: string): SluiceError {
  const known = command.commands.map((each) => each.name())
  const what = `There is no command ${pathOf(command)} ${word}.`
  return fail('unknown_command', what, [suggest(word, known), help])
}

/** The first word behind a command's name that is no option. */
function wordAfter(command: Command, argv: readonly string[]): string {
  const behind = argv.slice(argv.indexOf(command.name()) + 1)
  return behind.find((word) => !word.startsWith('-')) ?? ''
}

function fail(code: string, what: string, instead: readonly (string | undefined)[]): SluiceError {
  const lines = instead.filter((line) => line !== undefined)
  return new SluiceError(code, [what, ...lines].join('\n'))
}

/** The command that was meant, as far as its names were right. */
function commandOf(program: Command, argv: readonly string[]): Command {
  let command = program
  for (const word of argv) {
    const next = command.commands.find((each) => each.name() === word)
    if (next !== undefined) command = next
  }
  return command
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

function usageOf(command: Command): string {
  const args = command.registeredArguments.map((each) => {
    const name = each.variadic ? `${each.name()}…` : each.name()
    return each.required ? `<${name}>` : `[${name}]`
  })
  return [pathOf(command), ...args].join(' ')
}

function optionsOf(command: Command): string[] {
  const own = command.options.map((option) => option.long ?? option.short ?? '')
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)]
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
