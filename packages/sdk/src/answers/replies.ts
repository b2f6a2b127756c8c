import type { AnswerSheet } from '../answer-sheet.ts'
import { tagOf } from './sheet-text.ts'

/** What every reply says: it is for one user, and nothing but what it is announced as. */
export const sharedHeaders = {
  'cache-control': 'private, no-store',
  'x-content-type-options': 'nosniff',
} as const

/** The sheet as JSON, or 304 to who has it. */
export function sheetReply({ headers }: Request, sheet: AnswerSheet): Response {
  const etag = tagOf(sheet)
  // A proxy that compresses makes the tag a weak one.
  const known = (headers.get('if-none-match') ?? '').split(',').map((each) => each.trim())
  const isKnown = known.some((each) => each.replace(/^W\//, '') === etag)
  if (isKnown) return new Response(null, { status: 304, headers: { ...sharedHeaders, etag } })
  return new Response(JSON.stringify(sheet), {
    headers: { ...sharedHeaders, 'content-type': 'application/json', etag },
  })
}

/** A reply that says why there is no other. */
export function refusal(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ message }), {
    status,
    headers: { ...sharedHeaders, 'content-type': 'application/json', ...headers },
  })
}
