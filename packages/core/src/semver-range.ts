import semver from 'semver'

/** One bound of a range as numbers: `sign` is what comparing a version with it may give. */
interface Bound {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** A bound with a prerelease lies just below its plain version. */
  readonly isPrerelease: boolean
  readonly allowsLess: boolean
  readonly allowsEqual: boolean
  readonly allowsGreater: boolean
}

/**
 * Compiles a version range.
 *
 * Plain versions (`12.4.1`, also with a leading `v`) are compared digit by digit, without splitting
 * or allocating; everything else goes through the library.
 *
 * @throws TypeError on a malformed range.
 */
export function compileRange(text: string): (version: string) => boolean {
  const range = new semver.Range(text)
  const alternatives = range.set.map((comparators) => comparators.flatMap(boundOf))
  const [only] = alternatives
  const [bound] = only ?? []
  if (alternatives.length === 1 && only?.length === 1 && bound !== undefined) {
    return (version) => (readVersion(version) ? meets(bound) : satisfies(range, version))
  }
  return (version) =>
    readVersion(version)
      ? alternatives.some((bounds) => bounds.every(meets))
      : satisfies(range, version)
}

/** How every version begins: the library throws and catches for anything else, which takes long. */
const versionStart = /^\s*v?\d+\.\d+\.\d/

function satisfies(range: semver.Range, version: string): boolean {
  return versionStart.test(version) && semver.satisfies(version, range)
}

function boundOf(comparator: semver.Comparator): Bound[] {
  const { operator, semver: version } = comparator
  // `*` and the empty range hold for every plain version.
  if (version.version === undefined) return []
  const { major, minor, patch, prerelease } = version
  const sign = operator as string
  return [
    {
      major,
      minor,
      patch,
      isPrerelease: prerelease.length > 0,
      allowsLess: sign.startsWith('<'),
      allowsEqual: sign === '' || sign.endsWith('='),
      allowsGreater: sign.startsWith('>'),
    },
  ]
}

// The version read last. Module variables instead of a result object: no allocation per evaluation,
// and flags asked one after another for the same user read it once.
let readText: string | undefined
let readMajor = 0
let readMinor = 0
let readPatch = 0

const zero = 48
const nine = 57
const dot = 46
const letterV = 118
/** More digits may pass 2^31; the library takes those. */
const mostDigits = 9

/** Reads `major.minor.patch`; false where the text is anything else. */
function readVersion(text: string): boolean {
  if (text === readText) return true
  readText = undefined
  const end = text.length
  let i = text.charCodeAt(0) === letterV ? 1 : 0
  let part = 0
  let value = 0
  let digits = 0
  for (; i <= end; i++) {
    const code = i < end ? text.charCodeAt(i) : dot
    if (code >= zero && code <= nine) {
      // A leading zero is malformed; too many digits overflow.
      if ((digits > 0 && value === 0) || digits >= mostDigits) return false
      value = value * 10 + (code - zero)
      digits++
      continue
    }
    if (code !== dot || digits === 0) return false
    if (part === 0) readMajor = value
    else if (part === 1) readMinor = value
    else readPatch = value
    if (++part > 3) return false
    value = 0
    digits = 0
  }
  if (part !== 3) return false
  readText = text
  return true
}

function meets(bound: Bound): boolean {
  const order = readMajor - bound.major || readMinor - bound.minor || readPatch - bound.patch
  if (order < 0) return bound.allowsLess
  if (order > 0) return bound.allowsGreater
  return bound.isPrerelease ? bound.allowsGreater : bound.allowsEqual
}
