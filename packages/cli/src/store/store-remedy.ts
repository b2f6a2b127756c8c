import { statSync } from 'node:fs'
import { isSluiceError, SluiceError } from '@sluice/core'
import type { OpenStore } from './store-contract.ts'

/** What to type where a store's error tells a programmer what to write. */
export function withStoreRemedy(error: unknown, { name, directory }: OpenStore): unknown {
  if (isSluiceError(error) && error.code === 'store_unauthorized' && /^https?:/u.test(name)) {
    const remedy = 'The token is what SLUICE_TOKEN holds: ask who runs the server for one.'
    return new SluiceError('store_unauthorized', `${error.message}\n${remedy}`, { cause: error })
  }
  if (directory === undefined || !isSluiceError(error) || error.code !== 'store_missing') {
    return error
  }
  // It is another folder that is missing, and its error names it.
  const found = statSync(directory, { throwIfNoEntry: false })
  if (found?.isDirectory() === true) return error
  if (found !== undefined) {
    const text = `${directory} is a file, and a log is a folder.\nName the folder; where there is none yet, sluice init makes one.`
    return new SluiceError('store_missing', text, { cause: error })
  }
  return new SluiceError(
    'store_missing',
    `There is no folder ${directory}.\nIf the log lies elsewhere, or on a volume that is not mounted, mend that. For a new log type mkdir -p ${directory}`,
    { cause: error },
  )
}
