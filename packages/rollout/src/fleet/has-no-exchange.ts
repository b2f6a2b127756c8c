import { isSluiceError } from '@sluice/core'

/** Whether an error says that the store over there has no exchange at all, and not that it is out of reach. */
export function hasNoExchange(error: unknown): boolean {
  return isSluiceError(error) && error.code === 'store_unsupported'
}
