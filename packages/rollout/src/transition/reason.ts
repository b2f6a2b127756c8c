import { textOf } from '../alerts/text-of.ts'

/** Enough for a sentence about every guard; a page of HTML that a check was answered with is none. */
const longest = 2_000

/** What a hook said or threw, as the log can hold it: it may be of any length, and text of any kind or none. */
export function toReason(said: unknown): string {
  const text = String(textOf(said))
  const short = text.length > longest ? `${text.slice(0, longest)} …` : text
  return short.replaceAll(/\p{Surrogate}/gu, '\ufffd')
}
