import { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import type { Fetch } from './platform.ts'

/** A request for a sheet. */
export interface SheetRequest {
  readonly url: string
  readonly fetch: Fetch | undefined
  readonly clock: Clock
  readonly withCredentials: boolean
  /** The tag of the sheet in service. */
  readonly tag: string | undefined
}

/** A sheet as it came, and its tag; no sheet where the one in service is the newest. */
export interface FetchedSheet {
  readonly sheet?: unknown
  readonly tag: string | undefined
}

/** From the request to the last byte of its answer. */
const timeoutMs = 10_000

/**
 * Fetches a sheet, unless it is the one that `tag` names.
 *
 * @throws SluiceError `answers_unauthorized`, `answers_unreachable`, `answers_unreadable`.
 */
export async function fetchSheet(request: SheetRequest): Promise<FetchedSheet> {
  const { url, fetch, clock, withCredentials, tag } = request
  if (fetch === undefined) throw unreachable(url, 'there is no `fetch` here')
  const abort = new AbortController()
  let cancel = () => {}
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(timeoutMs, () => {
      abort.abort()
      reject(unreachable(url, `no whole answer came in ${timeoutMs} ms`))
    })
  })
  try {
    return await Promise.race([late, load()])
  } finally {
    cancel()
  }

  async function load(): Promise<FetchedSheet> {
    const answer = await fetch!(url, {
      headers: { accept: 'application/json', ...(tag !== undefined && { 'if-none-match': tag }) },
      credentials: withCredentials ? 'include' : 'same-origin',
      signal: abort.signal as never,
    }).catch((cause: unknown) => {
      throw unreachable(url, 'its server does not answer', cause)
    })
    const { status, headers } = answer
    // To who named no sheet it says nothing: the one in service may be another user's.
    if (status === 304 && tag !== undefined) return { tag }
    if (status === 401 || status === 403) {
      const message = `${url} refuses to answer (${status}): sign in, then call setContext().`
      throw new SluiceError('answers_unauthorized', message)
    }
    if (status === 429 || status >= 500) throw unreachable(url, `its server answers ${status}`)
    if (status !== 200) throw unreadable(url, `its server answers ${status}`)
    const sheet = await answer.json().catch((cause: unknown) => {
      throw unreadable(url, 'what came is no JSON', cause)
    })
    return { sheet, tag: headers.get('etag') ?? undefined }
  }
}

function unreachable(url: string, why: string, cause?: unknown): SluiceError {
  const message = `No answers from ${url} now: ${why}. It is tried again.`
  return new SluiceError('answers_unreachable', message, { cause })
}

/** What came is no sheet. */
export function unreadable(url: string, why: string, cause?: unknown): SluiceError {
  const message = `${url} gave no answer sheet: ${why}. Serve answersHandler() there.`
  return new SluiceError('answers_unreadable', message, { cause })
}
