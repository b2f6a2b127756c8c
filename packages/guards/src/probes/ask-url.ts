import type { Signal } from '../abort-signal.ts'
import { sayLine, sayThrown } from './ask.ts'
import type { Finding } from './probe-verdict.ts'

/** The part of `fetch` that a check of a URL needs. */
export type FetchUrl = (
  url: string,
  init: { method: 'GET'; redirect: 'manual'; signal: Signal },
) => Promise<{
  readonly status: number
  readonly body: { cancel(): Promise<void> } | null
}>

/**
 * Asks a URL for its status. Another status, and a refused connection, are answers: not ok. Whatever else goes wrong on
 * the way says nothing of the service: unknown. A redirect is a status like any other.
 */
export async function askUrl(
  url: string,
  status: number,
  { fetch, signal }: { fetch: FetchUrl; signal: AbortSignal },
): Promise<Finding> {
  const { origin, pathname } = new URL(url)
  // A query may hold a token, and what is said here is kept.
  const shown = sayLine(`${origin}${pathname}`)
  try {
    const response = await fetch(url, { method: 'GET', redirect: 'manual', signal })
    // Not awaited: a body that never ends is nobody's answer.
    response.body?.cancel().catch(() => {})
    return response.status === status
      ? { ok: true, because: `${shown} answered ${status}` }
      : { ok: false, because: `${shown} answered ${response.status}, not ${status}` }
  } catch (error) {
    // `fetch` says only that it failed, and why in its cause.
    const cause: unknown = Object(error).cause ?? error
    const { code } = Object(cause) as { code?: unknown }
    if (code === 'ECONNREFUSED') return { ok: false, because: `${shown} refused the connection` }
    return { unknown: `${shown}: ${typeof code === 'string' ? code : sayThrown(cause)}` }
  }
}
