import type { Dispatcher } from 'undici'

/** The header that says for whom a request is. */
export const keyHeader = 'x-sluice-key'
/** The cookie that says it where there is no header. */
export const keyCookie = 'sluice_key'

type Headers = Dispatcher.DispatchOptions['headers']

/** The key of a request: its header `x-sluice-key`, else its cookie `sluice_key`, else none. */
export function keyOfCall({ headers }: Dispatcher.DispatchOptions): string | undefined {
  return headerOf(headers, keyHeader) || cookieOf(headerOf(headers, 'cookie'), keyCookie)
}

/** A header of a call, in whichever form its headers are. `name` is in lower case. */
export function headerOf(headers: Headers, name: string): string | undefined {
  if (headers === undefined || headers === null) return undefined
  if (Array.isArray(headers)) {
    for (let index = 0; index + 1 < headers.length; index += 2) {
      if (isNamed(headers[index], name)) return asText(headers[index + 1])
    }
    return undefined
  }
  if (Symbol.iterator in headers) {
    for (const [key, value] of headers as Iterable<[string, unknown]>) {
      if (isNamed(key, name)) return asText(value)
    }
    return undefined
  }
  for (const key in headers) if (isNamed(key, name)) return asText(headers[key])
  return undefined
}

/** A cookie's value out of a Cookie header; undefined where it is absent or empty. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined
  }
  return undefined
}

function isNamed(key: unknown, name: string): boolean {
  return (
    typeof key === 'string' &&
    key.length === name.length &&
    (key === name || key.toLowerCase() === name)
  )
}

function asText(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' ? first : undefined
}
