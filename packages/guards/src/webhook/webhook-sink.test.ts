import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MockAgent } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Alert,
  createWebhookSink,
  toSlackPayload,
  type WebhookSinkOptions,
} from '../webhook.ts'

interface Received {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const alert: Alert = {
  id: 'production/checkout@12/critical:guard/error_rate/1767225600000',
  condition: 'guard/error_rate',
  severity: 'critical',
  status: 'firing',
  flag: 'checkout',
  environment: 'production',
  rollout: 'checkout@12',
  because: "canary errors are 12 × stable's: 120 of 1000 against 190 of 19000",
  next: 'The rollout goes back to 0 percent by itself.',
  at: Date.UTC(2026, 0, 1, 0, 0, 5),
  since: Date.UTC(2026, 0, 1),
  value: 12,
}

let server: Server
let received: Received[]
let answer: (response: ServerResponse, request: IncomingMessage) => void
let closes: (() => Promise<void>)[]

beforeEach(async () => {
  received = []
  closes = []
  answer = (response) => void response.end('ok')
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method, url: path, headers } = request
    received.push({ method, path, headers, body })
    answer(response, request)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const close of closes) await close()
  server.closeAllConnections()
  await new Promise((resolve) => void server.close(resolve))
})

const secretPath = '/services/T0000/B0000/hush-hush'

function open(options: Partial<WebhookSinkOptions> = {}) {
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}${secretPath}?key=hush-query`
  const sink = createWebhookSink({ url, format: 'json', name: 'on-call', ...options })
  closes.push(sink.close)
  return sink
}

const key = 'c0ffee'
const never = new AbortController().signal

async function fail(options: Partial<WebhookSinkOptions> = {}, signal = never): Promise<unknown> {
  const error = await open(options)
    .send(alert, { signal, idempotencyKey: key })
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  expect(`${(error as Error)?.message} ${JSON.stringify(error)}`).not.toContain('hush')
  expect((error as Error)?.cause).toBeUndefined()
  return error
}

describe('a webhook', () => {
  it('is sent the alert once, as JSON, with its key and the given headers', async () => {
    await open({ headers: { authorization: 'Bearer t' } }).send(alert, {
      signal: never,
      idempotencyKey: key,
    })
    expect(received).toHaveLength(1)
    const [{ method, path, headers, body }] = received as [Received]
    expect({ method, path }).toEqual({ method: 'POST', path: `${secretPath}?key=hush-query` })
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': key,
      authorization: 'Bearer t',
    })
    expect(JSON.parse(body)).toMatchInlineSnapshot(`
      {
        "at": 1767225605000,
        "because": "canary errors are 12 × stable's: 120 of 1000 against 190 of 19000",
        "condition": "guard/error_rate",
        "environment": "production",
        "flag": "checkout",
        "id": "production/checkout@12/critical:guard/error_rate/1767225600000",
        "next": "The rollout goes back to 0 percent by itself.",
        "rollout": "checkout@12",
        "schema": 1,
        "severity": "critical",
        "since": 1767225600000,
        "status": "firing",
        "text": "Critical: guard/error_rate on checkout in production: canary errors are 12 × stable's: 120 of 1000 against 190 of 19000",
        "value": 12,
      }
    `)
  })

  it('can tell by the signature who sent it', async () => {
    const secret = 'shared between us'
    await open({ secret }).send(alert, { signal: never, idempotencyKey: key })
    const [{ headers, body }] = received as [Received]
    const expected = createHmac('sha256', secret).update(body).digest('hex')
    expect(headers['sluice-signature']).toBe(`sha256=${expected}`)
  })

  it.each([408, 429, 500, 502, 503])('that answers %i may be asked again', async (status) => {
    answer = (response) => void response.writeHead(status).end('hush')
    expect(await fail()).toMatchObject({
      code: 'webhook_failed',
      isFinal: false,
      message: `on-call cannot take the alert now (${status}).`,
    })
  })

  it.each([
    ['2', 2_000],
    ['86400', 60_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 60_000],
    ['soon', undefined],
    ['-5', undefined],
  ])('that asks to be left alone for %s is taken at its word, up to a minute', async (text, ms) => {
    answer = (response) => void response.writeHead(429, { 'retry-after': text }).end()
    expect(((await fail()) as { retryAfterMs?: number }).retryAfterMs).toBe(ms)
  })

  it.each([400, 401, 404, 410, 413])('that answers %i has refused for good', async (status) => {
    answer = (response) => void response.writeHead(status).end('no such hush')
    expect(await fail()).toMatchObject({ code: 'webhook_refused', isFinal: true })
  })

  it('is not followed elsewhere', async () => {
    answer = (response) => void response.writeHead(307, { location: '/hush/elsewhere' }).end()
    expect(await fail()).toMatchObject({
      code: 'webhook_refused',
      isFinal: true,
      message:
        'on-call refused the alert (307): redirects are not followed, so give the address it leads to.',
    })
    expect(received).toHaveLength(1)
  })

  it('that closes the connection may be asked again', async () => {
    answer = (response) => void response.destroy()
    expect(await fail()).toMatchObject({ code: 'webhook_failed', isFinal: false })
  })

  it('that nobody serves may be asked again', async () => {
    const error = await fail({ url: 'http://127.0.0.1:1/hush' })
    expect(error).toMatchObject({
      isFinal: false,
      message: 'on-call did not take the alert: ECONNREFUSED.',
    })
  })

  it('that hangs is given up when its time is over', async () => {
    answer = () => {}
    expect(await fail({ timeoutMs: 20 })).toMatchObject({
      isFinal: false,
      message: 'on-call did not take the alert: no answer within 20 ms.',
    })
  })

  it('that hangs is given up when the one who sends says so', async () => {
    const giveUp = new AbortController()
    answer = () => giveUp.abort()
    const message = 'on-call did not take the alert: the try was given up.'
    expect(await fail({}, giveUp.signal)).toMatchObject({ message, isFinal: false })
    expect(await fail({}, giveUp.signal)).toMatchObject({ message, isFinal: false })
    expect(received).toHaveLength(1)
  })

  it('has taken the alert when it says so, however slowly it goes on talking', async () => {
    answer = (response) => void response.writeHead(202).write('hush')
    await open().send(alert, { signal: never, idempotencyKey: key })
    expect(received).toHaveLength(1)
  })

  it('is not named by what a dispatcher throws', async () => {
    const dispatcher = new MockAgent()
    dispatcher.disableNetConnect()
    closes.push(() => dispatcher.close())
    await fail({ dispatcher })
    dispatcher.get('http://hooks.test').intercept({ path: '/other' }).reply(200)
    await fail({ dispatcher, url: 'http://hooks.test/hush' })
  })

  it.each([
    [{ url: 'hush' }, 'invalid_url'],
    [{ url: 'ftp://127.0.0.1/hush' }, 'invalid_url'],
    [{ url: 'https://ann:hush@127.0.0.1/' }, 'invalid_url'],
    [{ format: 'xml' as 'json' }, 'invalid_option'],
    [{ secret: '' }, 'invalid_option'],
    [{ timeoutMs: Number.NaN }, 'invalid_option'],
    [{ headers: { token: 'hush\n' } }, 'invalid_option'],
  ])('of %j is refused at once, and not repeated', (options, code) => {
    let error: unknown
    try {
      open(options)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code })
    expect((error as Error).message).not.toContain('hush')
  })
})

describe('a message for Slack', () => {
  it('says what, where, since when, on which evidence, and what happens next', async () => {
    await open({ format: 'slack' }).send(alert, { signal: never, idempotencyKey: key })
    expect(JSON.parse((received as [Received])[0].body)).toMatchInlineSnapshot(`
      {
        "blocks": [
          {
            "text": {
              "text": "Critical: guard/error_rate on checkout in production",
              "type": "plain_text",
            },
            "type": "header",
          },
          {
            "text": {
              "text": "*Found:* canary errors are 12 × stable's: 120 of 1000 against 190 of 19000
      *Where:* flag checkout in production
      *Since:* 2026-01-01 00:00:00 UTC
      *Next:* The rollout goes back to 0 percent by itself.",
              "type": "mrkdwn",
            },
            "type": "section",
          },
          {
            "elements": [
              {
                "text": "rollout checkout@12",
                "type": "mrkdwn",
              },
            ],
            "type": "context",
          },
        ],
        "text": "Critical: guard/error_rate on checkout in production: canary errors are 12 × stable's: 120 of 1000 against 190 of 19000",
      }
    `)
  })

  it('says that it is over', () => {
    const resolved: Alert = {
      ...alert,
      status: 'resolved',
      because: 'clear for 60 s',
      next: 'Nothing is to be done.',
      at: alert.since + 600_000,
    }
    expect(toSlackPayload(resolved)).toMatchInlineSnapshot(`
      {
        "blocks": [
          {
            "text": {
              "text": "Resolved: guard/error_rate on checkout in production",
              "type": "plain_text",
            },
            "type": "header",
          },
          {
            "text": {
              "text": "*Resolved:* clear for 60 s
      *Where:* flag checkout in production
      *Since:* 2026-01-01 00:00:00 UTC, over at 2026-01-01 00:10:00 UTC
      *Next:* Nothing is to be done.",
              "type": "mrkdwn",
            },
            "type": "section",
          },
          {
            "elements": [
              {
                "text": "rollout checkout@12",
                "type": "mrkdwn",
              },
            ],
            "type": "context",
          },
        ],
        "text": "Resolved: guard/error_rate on checkout in production: clear for 60 s",
      }
    `)
  })

  it('says that it was told before, and where the log cannot be written', () => {
    const [, , context] = toSlackPayload({ ...alert, repeats: 2, isUnrecorded: true }).blocks
    expect(context).toMatchInlineSnapshot(`
      {
        "elements": [
          {
            "text": "rollout checkout@12 · told 3 times · the log cannot be written: others may tell of the same",
            "type": "mrkdwn",
          },
        ],
        "type": "context",
      }
    `)
  })

  it('mentions nobody, and stays within what Slack takes, whatever the names are', () => {
    const nasty = `<!channel> & <@U1> ${'<&>😀'.repeat(2_000)}`
    const payload = toSlackPayload({ ...alert, flag: nasty, because: nasty, next: nasty })
    expect(payload.text).toMatch(
      /^Critical: guard\/error_rate on &lt;!channel&gt; &amp; &lt;@U1&gt;/,
    )
    const [header, section] = payload.blocks as [never, never]
    const { text } = section as { text: { text: string } }
    expect(text.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
    expect(text.text.length).toBeLessThanOrEqual(3_000)
    expect((header as { text: { text: string } }).text.text.length).toBeLessThanOrEqual(150)
    expect(JSON.stringify(payload)).not.toMatch(/\\ud8/)
  })

  it('is cut at whole characters', () => {
    for (const character of ['<', '&', '😀']) {
      for (let before = 0; before < 8; before += 1) {
        const because = 'x'.repeat(before) + character.repeat(2_000)
        const text = JSON.stringify(toSlackPayload({ ...alert, because }))
        expect(text).not.toMatch(/&(?!amp;|lt;|gt;)|\\ud8/)
      }
    }
  })

  it('can be made of an instant that is none', () => {
    expect(JSON.stringify(toSlackPayload({ ...alert, since: Number.NaN }))).toContain(
      'an unknown time',
    )
  })
})
