import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Loads a module by its file. */
export function loadFile(file: string): Promise<unknown> {
  return import(pathToFileURL(file).href)
}

/**
 * Loads a package that the application in a folder depends on.
 *
 * @throws Error Where it is not installed there.
 */
export function loadPackage(name: string, folder: string): Promise<unknown> {
  return loadFile(createRequire(join(folder, 'package.json')).resolve(name))
}
