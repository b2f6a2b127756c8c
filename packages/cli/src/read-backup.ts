import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SluiceError } from '@sluice/core'
import { verifyBackup } from '@sluice/stores'

/**
 * Reads a backup and verifies it.
 *
 * @param typed What it is called in errors.
 * @throws SluiceError `backup_missing`; what is wrong with it.
 */
export function readBackup(path: string, typed: string): ReturnType<typeof verifyBackup> {
  if (isFile(path)) return verifyBackup(path)
  const text = `There is no file ${typed}.\nsluice backup ${typed} writes one, from the store that --store names.`
  throw new SluiceError('backup_missing', text)
}

/**
 * Refuses to write a backup over what is none: a slip must not cost somebody their `flags.yaml`.
 *
 * @throws SluiceError `backup_refused`.
 */
export async function assertReplaceable(path: string, typed: string): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false })
  const folder = dirname(path)
  if (!existsSync(folder)) {
    const text = `There is no folder ${folder} for ${typed}.\nName a file in one that is there, or type mkdir -p ${folder}`
    throw new SluiceError('backup_refused', text)
  }
  if (found === undefined || (found.isFile() && (await isBackup(path)))) return
  const text = `${typed} is there already, and is no whole backup; it stays as it is.\nName another file, or delete it first.`
  throw new SluiceError('backup_refused', text)
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function isBackup(path: string): Promise<boolean> {
  return verifyBackup(path).then(
    () => true,
    () => false,
  )
}
