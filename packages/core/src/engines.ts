/**
 * The heavy operators, to be handed to a flag set that needs them: regular expressions and version ranges.
 *
 * @module
 */

import { RE2JS } from 're2js'
import { compileRange } from './semver-range.ts'

/**
 * Linear in the text is not yet quick: each character may cost a step for each instruction of the
 * pattern. A thousand keep the longest text to a tenth of a second; thirty times `\pL{999}` takes seven.
 */
const mostInstructions = 1000

/**
 * Regular expressions in RE2 syntax, matched in time linear in the text (library: re2js).
 *
 * @throws RE2JSSyntaxException on a malformed pattern, RangeError on one of more than 1,000
 * instructions.
 */
export function matchesEngine(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern)
  if (compiled.programSize() > mostInstructions) {
    throw new RangeError(`"${pattern}" takes more than ${mostInstructions} instructions`)
  }
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
