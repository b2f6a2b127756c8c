import { SluiceError } from '@sluice/core'

/** As long as a flag's key may be, and shorter than any key of the log. */
const longest = 200

/**
 * Refuses a version that could not stand in the log, or in a line for people.
 *
 * @throws SluiceError `invalid_option` with pointer, expected and found.
 */
export function checkVersion(version: unknown, pointer = '/version'): void {
  refuseWhere(textFault(version), version, pointer)
}

/**
 * Refuses what could not name a part of a key in the log.
 *
 * @throws SluiceError `invalid_option` with pointer, expected and found.
 */
export function checkName(name: unknown, pointer: string): void {
  refuseWhere(textFault(name) ?? (name === '__proto__' ? 'is reserved' : undefined), name, pointer)
}

/**
 * {@link checkName}, and no slash: what stands behind it in a key would be another's.
 *
 * @throws SluiceError `invalid_option` with pointer, expected and found.
 */
export function checkEnvironment(name: unknown, pointer = '/environment'): void {
  checkName(name, pointer)
  refuseWhere(String(name).includes('/') ? 'holds a /' : undefined, name, pointer)
}

function textFault(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'is no text'
  if (text.trim() === '') return 'is empty'
  if (text.length > longest) return `is longer than ${longest} characters`
  if (/\p{Cc}/u.test(text)) return 'holds a control character'
  return /\p{Surrogate}/u.test(text) ? 'holds half a character' : undefined
}

function refuseWhere(because: string | undefined, value: unknown, pointer: string): void {
  if (because === undefined) return
  const found = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : typeof value
  throw new SluiceError('invalid_option', `What is given at ${pointer} ${because}: ${found}.`, {
    ...{ pointer, expected: `1 to ${longest} printable characters`, found },
  })
}
