import type { AnswerSheet } from '../answer-sheet.ts'
import { tagOf } from './sheet-text.ts'

/** What every reply says: it is for one user, and nothing but what it is announced as. */
export const sharedHeaders = {
  'cache-control': 'private, no-store',
  'x-content-type-options': 'nosniff',
} as const

/** The tags of the sheets that who asks has; that of a stream first, which is the newest. */
export function knownTags({ headers, url }: Request): readonly string[] {
  // `EventSource` names the event itself only where it reconnects by itself.
  const lastEventId = headers.get('last-event-id') ?? new URL(url).searchParams.get('lastEventId')
  const texts = [lastEventId, ...(headers.get('if-none-match') ?? '').split(',')]
  // A proxy that compresses makes a tag a weak one.
  return texts.flatMap((text) => text?.trim().replace(/^W\//, '') || [])
}

/** The sheet as JSON, or 304 to who has it. */
export function sheetReply(web: Request, sheet: AnswerSheet): Response {
  const etag = tagOf(sheet)
  if (knownTags(web).includes(etag))
    return new Response(null, { status: 304, headers: { ...sharedHeaders, etag } })
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
