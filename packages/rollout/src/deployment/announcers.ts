import { SluiceError } from '@sluice/core'
import { request } from 'undici'
import type { Announcer } from './announcement.ts'
import { type Logger, writeLine } from './logger.ts'

/** Where a webhook is, and how it is spoken to. */
export interface WebhookAnnouncerOptions {
  /** The whole address. What is in its path and query counts as secret: it is never shown. */
  readonly url: string
  /** `slack`: `{ text }`, for Slack's incoming webhooks and what takes the same. `json`: the announcement. Default `slack`. */
  readonly format?: 'slack' | 'json'
  /** Sent with each request: a token, for instance. */
  readonly headers?: Readonly<Record<string, string>>
  /** Names it in errors. Default: the address's host. */
  readonly name?: string
}

/** Slack's three control characters: without this, a line of changes could mention a whole channel. */
function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * Announces to a webhook: a chat, a status page. Any 2xx is a delivery; redirects are not followed.
 *
 * @throws SluiceError `invalid_url`, which shows nothing of it.
 */
export function webhookAnnouncer(options: WebhookAnnouncerOptions): Announcer {
  const { format = 'slack', headers = {} } = options
  const url = parseUrl(options.url)
  const name = options.name ?? url.host
  return {
    name,
    async announce(announcement, { signal, idempotencyKey }) {
      const body =
        format === 'slack'
          ? { text: escapeMrkdwn(announcement.text) }
          : { schema: 1, ...announcement }
      const answer = await request(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          'idempotency-key': idempotencyKey,
        },
        body: JSON.stringify(body),
        signal,
      }).catch((cause: unknown) => {
        // What it says may name the address.
        const { code } = Object(cause) as { code?: unknown }
        const why = typeof code === 'string' ? code : 'the request failed'
        throw new SluiceError('webhook_failed', `${name} did not take the announcement: ${why}.`)
      })
      // Its status is the whole answer: a body may drip for ever.
      answer.body.on('error', () => {}).destroy()
      if (answer.statusCode >= 200 && answer.statusCode <= 299) return
      throw new SluiceError(
        'webhook_failed',
        `${name} did not take the announcement (${answer.statusCode}): check the address, the token and the format.`,
      )
    },
  }
}

/** Announces as one line of a log, at the level that the status has. */
export function logAnnouncer(logger: Logger): Announcer {
  const levels = {
    started: 'info',
    healthy: 'info',
    failed: 'error',
    rolled_back: 'warning',
  } as const
  return {
    name: 'log',
    announce(announcement) {
      writeLine(logger, levels[announcement.status], announcement, announcement.text)
    },
  }
}

/** Announces as text, to whatever takes text. */
export function textAnnouncer(write: (text: string) => void | Promise<void>): Announcer {
  return { name: 'text', announce: ({ text }) => write(text) }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === '') {
    return url
  }
  const expected = 'an absolute http: or https: address without credentials before its host'
  throw new SluiceError('invalid_url', `A webhook needs ${expected}; what was given is not one.`)
}
