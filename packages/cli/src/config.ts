import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SluiceError } from '@sluice/core'
import { configSettings } from './config-settings.ts'
import type { GlobalOptions } from './context.ts'
import { loadFile } from './load-module.ts'
import type { SluiceConfig } from './sluice-config.ts'
import { suggest } from './usage-error.ts'
import type { World } from './world.ts'

/** A configuration, and where it was found. */
export interface FoundConfig {
  readonly config: SluiceConfig
  /** Undefined where there is no file. */
  readonly file: string | undefined
  /** What relative paths in it start from. */
  readonly folder: string
}

/** In this order, in each folder from the current one up. */
const fileNames = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'].map((end) => `sluice.config.${end}`)

/**
 * Reads the configuration: the file that `--config` or `SLUICE_CONFIG` names, else the nearest
 * `sluice.config.*` from the current folder up, else nothing.
 *
 * @throws SluiceError `config_missing`, `config_unreadable`, `invalid_config`.
 */
export async function loadConfig(
  { cwd, env }: Pick<World, 'cwd' | 'env'>,
  { config: named = env.SLUICE_CONFIG || undefined }: Pick<GlobalOptions, 'config'>,
): Promise<FoundConfig> {
  const file = named === undefined ? findUpwards(cwd) : resolve(cwd, named)
  if (file === undefined) return { config: {}, file, folder: cwd }
  if (!existsSync(file)) {
    throw new SluiceError(
      'config_missing',
      `There is no file ${file}.\nsluice init writes a sluice.config.ts in the current folder.`,
    )
  }
  return { config: check(await read(file), file), file, folder: dirname(file) }
}

function findUpwards(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = fileNames.map((name) => join(folder, name)).find((path) => existsSync(path))
    if (found !== undefined || folder === dirname(folder)) return found
  }
}

async function read(file: string): Promise<unknown> {
  try {
    if (extname(file) === '.json') return JSON.parse(await readFile(file, 'utf8'))
    if (!extname(file).endsWith('ts')) return defaultOf(await loadFile(file))
    const { createJiti } = await import('jiti')
    // A project that runs sluice by npx need not have it installed to type its configuration.
    const alias = { '@sluice/cli': fileURLToPath(import.meta.resolve('@sluice/cli')) }
    return await createJiti(file, { alias }).import(file, { default: true })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    const instead = 'Mend it there, or name another configuration: --config FILE'
    const what = `${file} cannot be read: ${why?.trim()}\n${instead}`
    throw new SluiceError('config_unreadable', what, { cause })
  }
}

function defaultOf(module: unknown): unknown {
  return (module as { default?: unknown }).default ?? module
}

function check(found: unknown, file: string): SluiceConfig {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new SluiceError(
      'invalid_config',
      `${file} exports no configuration.\nWrite: export default defineConfig({ store: 'file:./.sluice/log' })`,
    )
  }
  for (const [name, value] of Object.entries(found)) checkSetting(name, value, file)
  return found as SluiceConfig
}

function checkSetting(name: string, value: unknown, file: string): void {
  const setting = Object.hasOwn(configSettings, name) ? configSettings[name] : undefined
  const details = { pointer: `/${name}` }
  if (setting === undefined) {
    const known = Object.keys(configSettings)
    const hint = suggest(name, known) ?? `It may hold ${known.join(', ')}.`
    const what = `${file} holds an unknown setting "${name}".\n${hint}`
    throw new SluiceError('invalid_config', what, details)
  }
  if (value === undefined || setting.fits(value)) return
  const what = `${file}: ${name} is not what it has to be.\nWrite ${setting.expected}.`
  throw new SluiceError('invalid_config', what, { ...details, expected: setting.expected })
}
