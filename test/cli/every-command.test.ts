import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { machineClock } from '../../packages/cli/src/machine-clock.ts'
import { createProgram } from '../../packages/cli/src/program.ts'
import { widths } from './terminal.ts'

type Command = ReturnType<typeof createProgram>

const folder = fileURLToPath(new URL('.', import.meta.url))

/** What is held of screens of one width. */
function screensOf(columns: number): string {
  const transcripts = filesIn('transcripts').filter(({ name }) => name.endsWith(`.${columns}.txt`))
  const snapshots = filesIn('__snapshots__').flatMap(({ text }) =>
    text.split(/^exports\[/m).filter((each) => each.includes(`of ${columns} columns`)),
  )
  return [...transcripts.map(({ text }) => text), ...snapshots].join('\n')
}

function filesIn(name: string): { name: string; text: string }[] {
  return readdirSync(join(folder, name)).map((file) => ({
    name: file,
    text: readFileSync(join(folder, name, file), 'utf8'),
  }))
}

/** The words of every command that does something, without those that people do not type. */
function commandsOf(command: Command, words: readonly string[] = ['sluice']): string[] {
  return command.commands.flatMap((each) => {
    if (each.name() === 'complete' || each.name() === 'help') return []
    const own = [...words, each.name()]
    return each.commands.length === 0 ? own.join(' ') : commandsOf(each, own)
  })
}

it.each(widths)(
  'each command is typed in a window of %i columns, and its screen held',
  (columns) => {
    const screens = screensOf(columns)
    const { stdin, stdout, stderr } = process
    const { signal } = new AbortController()
    const world = { stdin, stdout, stderr, env: {}, cwd: folder, clock: machineClock, signal }
    const commands = commandsOf(createProgram(world, () => {}))
    expect(commands.length).toBeGreaterThan(30)
    // The screens of one that draws in place stand under its name.
    const isHeld = (command: string) =>
      screens.includes(`$ ${command}`) || screens.includes(`\`${command} >`)
    expect(commands.filter((each) => !isHeld(each))).toEqual([])
  },
)
