import type { Command } from 'commander'
import type { Context, GlobalOptions } from '../context.ts'
import { withSession } from '../session.ts'
import { clean } from '../text.ts'

/** A word to offer, and what it means. */
interface Offer {
  readonly word: string
  readonly about: string
}

/** `sluice complete -- WORD…`: what could be typed in place of the last word, a line each. For shells. */
export function createCompleter(program: Command) {
  return async (context: Context, [words]: readonly [readonly string[]]): Promise<void> => {
    const last = words.at(-1) ?? ''
    const { command, argument, typed, isValue } = walk(program, words.slice(0, -1))
    // What an option takes is known to nobody here.
    if (isValue) return
    const here = { ...context, globals: { ...context.globals, ...typed } }
    const offers = last.startsWith('-')
      ? optionsOf(command)
      : [...commandsOf(command), ...(await argumentOffers(command, argument, here))]
    for (const { word, about } of offers) {
      // A line is a word: what would break it, or repaint the shell, cannot be typed anyway.
      const isPlain = clean(word) === word
      if (isPlain && word.startsWith(last)) {
        context.world.stdout.write(`${word}\t${clean(about)}\n`)
      }
    }
  }
}

/** What words have said so far. */
interface Walked {
  readonly command: Command
  /** Which of its arguments comes next. */
  readonly argument: number
  /** The options for every command, as `--store`. */
  readonly typed: GlobalOptions
  /** Whether the next word is what an option takes. */
  readonly isValue: boolean
}

function walk(program: Command, words: readonly string[]): Walked {
  let command = program
  let argument = 0
  const typed: { [name: string]: string } = {}
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string
    if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find((each) => each.long === word)
      if (option?.required !== true) continue
      index += 1
      const value = words[index]
      if (value === undefined) return { command, argument, typed, isValue: true }
      if (program.options.includes(option)) typed[option.attributeName()] = value
      continue
    }
    const next = command.commands.find((each) => each.name() === word)
    if (next === undefined) {
      argument += 1
    } else {
      command = next
      argument = 0
    }
  }
  return { command, argument, typed, isValue: false }
}

function commandsOf({ commands }: Command): Offer[] {
  const shown = commands.filter((each) => !(each as unknown as { _hidden: boolean })._hidden)
  return shown.map((each) => ({ word: each.name(), about: each.description() }))
}

function optionsOf(command: Command): Offer[] {
  const own = command.options.map(({ long, description }) => ({
    word: long ?? '',
    about: description,
  }))
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)]
}

/** A shell that waits for a tab is not kept waiting, nor told why nothing came. */
const patienceMs = 2_000

async function argumentOffers(command: Command, index: number, context: Context): Promise<Offer[]> {
  const argument = command.registeredArguments[index]
  if (argument?.argChoices !== undefined) {
    return argument.argChoices.map((word) => ({ word, about: '' }))
  }
  if (!/^(?:key|flag)$/u.test(argument?.name() ?? '')) return []
  const nothing = new Promise<Offer[]>((resolve) => {
    context.world.clock.after(patienceMs, () => resolve([]))
  })
  return Promise.race([nothing, flagOffers(context).catch(() => [])])
}

function flagOffers(context: Context): Promise<Offer[]> {
  return withSession(context, async ({ flags }) => {
    const set = flags.snapshot()
    return set
      .keys()
      .map((word) => ({ word, about: set.inspect(word)?.definition.description ?? '' }))
  })
}
