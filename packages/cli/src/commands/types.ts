import { mkdir, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { SluiceError } from '@sluice/core'
import { declareFlags, parseDefinitionText } from '@sluice/stores'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { replaceFile } from '../replace-file.ts'
import { usageError } from '../usage-error.ts'

/** What is typed behind `sluice types`. */
export interface TypesOptions {
  readonly out?: string
  readonly name?: string
  readonly check?: boolean
}

/** What every file that it wrote says of itself. */
const mark = 'Written by `sluice types`'

/** `sluice types FILE`: declares the flags of a file as a TypeScript type, to stdout or a file. */
export async function writeTypes(
  { world, terminal }: Context,
  [file]: readonly [string],
  { out, name, check }: TypesOptions,
): Promise<ExitCode> {
  if (check === true && out === undefined) {
    throw usageError(
      'sluice types --check compares with a file: name it.',
      `Type sluice types ${file} --out src/app-flags.ts --check`,
    )
  }
  const text = await readIfThere(world.cwd, file)
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
  const written = await readIfThere(world.cwd, out)
  // Git may end lines as the machine does.
  const isCurrent = written?.replaceAll('\r\n', '\n') === source
  if (!isCurrent && check !== true) {
    if (written !== undefined && !written.includes(mark)) throw notOurs(file, out)
    const path = resolve(world.cwd, out)
    await mkdir(dirname(path), { recursive: true })
    await replaceFile(path, (stream) => finished(stream.end(source)))
  }
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

function notOurs(file: string, out: string): SluiceError {
  return new SluiceError(
    'file_exists',
    `${out} was not written by sluice types, which would write over it.\nName another file: sluice types ${file} --out src/app-flags.ts`,
  )
}

async function readIfThere(cwd: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(resolve(cwd, name), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EISDIR') throw usageError(`${name} is a folder.`, 'Name a file in it.')
    throw error
  }
}
