import { SluiceError } from '@sluice/core'

/**
 * Checks an address of a server.
 *
 * @returns it without a slash at its end.
 * @throws SluiceError `invalid_url` unless it is http or https, without credentials, query or fragment.
 */
export function parseAddress(url: string): string {
  const { search, hash, origin, pathname } = parseHttpUrl(url)
  if (search !== '' || hash !== '') throw invalidUrl(url, 'an address without query or fragment')
  return (origin + pathname).replace(/\/+$/, '')
}

/**
 * Parses an http or https URL without credentials in it.
 *
 * @throws SluiceError `invalid_url`.
 */
export function parseHttpUrl(url: string | { readonly href: string }): URL {
  const text = typeof url === 'string' ? url : url.href
  if (!URL.canParse(text)) throw invalidUrl(text, 'an absolute URL')
  const parsed = new URL(text)
  if (!/^https?:$/.test(parsed.protocol)) throw invalidUrl(text, 'http: or https:')
  if (parsed.username !== '' || parsed.password !== '') {
    // Not named: it would carry the password into logs.
    throw invalidUrl(parsed.host, 'credentials in a token or header, not in the URL')
  }
  return parsed
}

/**
 * Refuses a token that a header cannot carry: an empty variable of the environment, above all.
 *
 * @throws SluiceError `invalid_token`, without the token.
 */
export function checkToken(token: string, minLength = 1): void {
  const isText = typeof token === 'string' && /^[\x21-\x7e]{1,4096}$/.test(token)
  if (isText && token.length >= minLength) return
  const expected = `${minLength} to 4,096 visible ASCII characters`
  throw new SluiceError('invalid_token', `A token has ${expected}.`, { expected })
}

function invalidUrl(found: string, expected: string): SluiceError {
  return new SluiceError('invalid_url', `Expected ${expected}, unlike ${JSON.stringify(found)}.`, {
    expected,
    found,
  })
}
