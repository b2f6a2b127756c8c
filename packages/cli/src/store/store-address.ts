import { usageError } from '../usage-error.ts'

/** @throws SluiceError `invalid_usage` for what is no URL. */
export function parseAddress(where: string): URL {
  try {
    return new URL(where)
  } catch {
    // What makes it none may stand beside a password.
    const shown = where.replace(/\/\/.*@/su, '//').replace(/[?#].*$/su, '')
    throw usageError(`${shown} is no address of a store.`, 'It looks like redis://host:6379')
  }
}

/** Takes a setting of ours out of an address that the client reads too. */
export function takeSetting(url: URL, setting: string): string | undefined {
  const found = url.searchParams.get(setting) ?? undefined
  url.searchParams.delete(setting)
  return found
}

/** What a store is called in messages: its address, without a password. */
export function nameOf(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`
}
