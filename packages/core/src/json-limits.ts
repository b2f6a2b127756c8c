import { SluiceError } from './errors.ts'
import { pointerTo } from './schema-error.ts'

/** Deeper input is refused: no person writes it, and recursion over it could exhaust the stack. */
const deepest = 64
/** Long enough for any naming scheme, short enough for a file name, a log key or a label. */
const longestKey = 200

/**
 * Refuses values nested deeper than 64 levels, circular ones among them.
 *
 * @throws SluiceError `too_deep`.
 */
export function checkDepth(value: unknown, path: readonly PropertyKey[]): void {
  if (!isDeeper(value, deepest)) return
  const pointer = pointerTo(path)
  const expected = `at most ${deepest} levels`
  throw new SluiceError('too_deep', `${pointer} is nested deeper than ${deepest} levels`, {
    pointer,
    expected,
    found: 'more',
  })
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const each of Object.values(value)) if (isDeeper(each, levels - 1)) return true
  return false
}

/**
 * Refuses keys that some system below would take for something else.
 *
 * @throws SluiceError `invalid_key`.
 */
export function checkKey(key: string, path: readonly PropertyKey[]): void {
  const because = faultOf(key)
  if (because === undefined) return
  throw new SluiceError('invalid_key', `the key ${JSON.stringify(key)} ${because}`, {
    flag: key,
    pointer: pointerTo(path),
    expected: `1 to ${longestKey} characters of well-formed Unicode without control characters`,
    found: JSON.stringify(key),
  })
}

function faultOf(key: string): string | undefined {
  if (key === '') return 'is empty'
  if (key === '__proto__') return 'is reserved by JavaScript'
  if (key.length > longestKey) return `is longer than ${longestKey} characters`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\u0000-\u001f\u007f]/.test(key)) return 'holds a control character'
  // Outside of pairs, surrogates match as lone code points.
  if (/\p{Surrogate}/u.test(key)) return 'holds a lone surrogate'
  return undefined
}
