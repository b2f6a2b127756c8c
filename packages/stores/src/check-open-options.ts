import { SluiceError } from '@sluice/core'

/**
 * Refuses what a program without types gives for an open store or for flags: as the configuration of the command line has
 * them, an address and a file.
 *
 * @throws SluiceError `invalid_option`.
 */
export function checkOpenOptions(options: {
  readonly store?: unknown
  readonly definitions?: unknown
}): void {
  const { store, definitions } = options
  const { read, append } = Object(store) as { readonly read?: unknown; readonly append?: unknown }
  if (typeof read !== 'function' || typeof append !== 'function') {
    const remedy =
      "Write createFileStore({ directory: './.sluice/log' }) of @sluice/stores/file, or another store's create function."
    throw unfit('store', 'an open store', store, remedy)
  }
  if (typeof definitions === 'string') {
    const remedy = `Write definitionsFrom: ${JSON.stringify(definitions)} for a file.`
    throw unfit('definitions', 'an object of flags', definitions, remedy)
  }
}

function unfit(name: string, expected: string, value: unknown, remedy: string): SluiceError {
  const found = typeof value === 'string' ? JSON.stringify(value) : typeof value
  const message = `openFlags: \`${name}\` must be ${expected}, not ${found}. ${remedy}`
  return new SluiceError('invalid_option', message, { expected, found })
}
