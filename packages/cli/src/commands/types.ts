import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SluiceError } from '@sluice/core'
import { declareFlags, parseDefinitionText } from '@sluice/stores'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'

/** What is typed behind `sluice types`. */
export interface TypesOptions {
  readonly out?: string
  readonly name?: string
  readonly check?: boolean
}

/** `sluice types FILE`: declares the flags of a file as a TypeScript type, to stdout or a file. */
export async function writeTypes(
  { world, terminal }: Context,
  [file]: readonly [string],
  { out, name, check }: TypesOptions,
): Promise<ExitCode> {
  const text = await readIfThere(resolve(world.cwd, file))
  if (text === undefined) {
    throw new SluiceError(
      'definitions_unreadable',
      `There is no file ${file}.\nsluice init writes a first flags.yaml.`,
    )
  }
  const { flags } = parseDefinitionText(text, file)
  const source = declareFlags(flags, { origin: file, ...(name === undefined ? {} : { name }) })
  if (out === undefined) {
    terminal.document({ file, source })
    if (!terminal.isJson) world.stdout.write(source)
    return exitCodes.done
  }
  const path = resolve(world.cwd, out)
  const isCurrent = (await readIfThere(path)) === source
  if (!isCurrent && check !== true) await writeFile(path, source)
  terminal.document({ file, out, isCurrent })
  const { color } = terminal
  const stale = check === true && !isCurrent
  terminal.print(
    stale
      ? `${color.yellow('!')} ${out} is not what ${file} says: sluice types ${file} --out ${out}`
      : `${color.green('✓')} ${out} declares the flags of ${file}`,
  )
  return stale ? exitCodes.different : exitCodes.done
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
