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
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) {
      throw new SluiceError(
        'too_deep',
        `${pointerTo(path)} is nested deeper than ${deepest} levels`,
        {
          pointer: pointerTo(path),
          expected: `at most ${deepest} levels`,
          found: 'more',
        },
      )
    }
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? Object.values(each) : [],
    )
  }
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
