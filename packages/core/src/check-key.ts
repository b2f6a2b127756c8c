import { SluiceError } from './errors.ts'
import { pointerTo, show } from './schema-error.ts'

/** Long enough for any naming scheme, short enough for a file name, a log key or a label. */
export const longestKey = 200

/**
 * Refuses keys that some system below would take for something else.
 *
 * @throws SluiceError `invalid_key`.
 */
export function checkKey(key: string, path: readonly PropertyKey[]): void {
  const because = nameFault(key)
  if (because === undefined) return
  const found = show(key)
  throw new SluiceError('invalid_key', `the key ${found} ${because}`, {
    flag: key,
    pointer: pointerTo(path),
    expected: `1 to ${longestKey} characters of well-formed Unicode without control characters`,
    found,
  })
}

/** What is wrong with a name that will stand in logs, files and answers, if anything. */
export function nameFault(key: string): string | undefined {
  if (key === '') return 'is empty'
  if (key === '__proto__') return 'is reserved by JavaScript'
  if (key.length > longestKey) return `is longer than ${longestKey} characters`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\u0000-\u001f\u007f]/.test(key)) return 'holds a control character'
  // Outside of pairs, surrogates match as lone code points.
  if (/\p{Surrogate}/u.test(key)) return 'holds a lone surrogate'
  return undefined
}
