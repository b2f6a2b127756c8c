import { RE2JS } from 're2js'
import { compileRange } from './semver-range.ts'

/**
 * Regular expressions in RE2 syntax, matched in time linear in the text (library: re2js).
 *
 * @throws RE2JSSyntaxException on a malformed pattern.
 */
export function matchesEngine(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern)
  return (text) => compiled.matcher(text).find()
}

/**
 * Version ranges in npm's syntax (library: semver), with a fast path for plain versions.
 *
 * @throws TypeError on a malformed range.
 */
export function semverEngine(range: string): (version: string) => boolean {
  return compileRange(range)
}
