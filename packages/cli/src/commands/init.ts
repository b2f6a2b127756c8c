import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '@sluice/core'
import { createFileStore } from '@sluice/stores/file'
import type { Context } from '../context.ts'
import { configText, flagsText } from '../starter-files.ts'

/** `sluice init`: a configuration, a first flag, and an empty log; what is there already stays. */
export async function init(context: Context): Promise<void> {
  const { world, terminal } = context
  const files = [
    {
      name: 'sluice.config.ts',
      text: configText,
      about: 'where the log is, and which flags there are',
    },
    { name: 'flags.yaml', text: flagsText, about: 'a first flag, off until you turn it on' },
  ]
  const there = files.filter(({ name }) => existsSync(join(world.cwd, name)))
  if (there.length === files.length) {
    throw new SluiceError(
      'already_initialized',
      `${there.map(({ name }) => name).join(' and ')} are there already; nothing was written.\nsluice doctor looks at what they say.`,
    )
  }
  const written = files.filter((file) => !there.includes(file))
  for (const { name, text } of written) {
    // Never over a file that somebody else makes at this moment.
    await writeFile(join(world.cwd, name), text, { flag: 'wx' })
  }
  await createLog(join(world.cwd, '.sluice/log'))
  terminal.document({
    written: written.map(({ name }) => name),
    kept: there.map(({ name }) => name),
  })
  const { color } = terminal
  terminal.print(
    ...written.map(({ name, about }) => `${color.green('✓')} ${name}  ${color.dim(about)}`),
    ...there.map(
      ({ name }) => `${color.dim('·')} ${name}  ${color.dim('was there, and stays as it is')}`,
    ),
    `${color.green('✓')} .sluice/log  ${color.dim('the log, as files; name a server for more than one machine')}`,
    '',
    color.dim('Now type'),
    '  sluice flags',
    '  sluice enable newCheckout --env development --reason "a first look"',
    '  sluice flags explain newCheckout --as ada',
  )
}

async function createLog(directory: string): Promise<void> {
  await mkdir(join(directory, '..'), { recursive: true })
  const store = createFileStore({ directory, create: true })
  await store.read(0, 1)
  await store.close()
}
