import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, describe, expect, it } from 'vitest'
import type { AnswerSheet } from '../answer-sheet.ts'
import { type AnswersOptions, answersHandler, sheetElement } from '../answers.ts'
import { openFlags } from '../open-flags.ts'

const on = { enabled: true, rollout: 100, environments: ['test'] }
const definitions = {
  newProfile: { ...on, rollout: 0, tags: ['public'] },
  banner: { ...on, tags: ['public'] },
  betaOnly: {
    ...{ ...on, rollout: 0, tags: ['public'] },
    rules: [{ if: { attribute: 'plan', is: 'beta' }, serve: 'on' }],
  },
  sale: { ...on, tags: ['public'], schedule: { from: '2026-01-01T00:01:00Z' } },
  merger: on,
  launch: on,
  gated: { ...on, tags: ['public'], prerequisites: ['launch'] },
}
const note = { actor: 'ada', reason: 'test' }
const isPublic: AnswersOptions['isPublic'] = ({ definition }) =>
  definition.tags?.includes('public') === true

const toClose: (() => unknown)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

async function open(options: Partial<AnswersOptions> = {}) {
  const clock = createManualClock()
  const flags = openFlags({ store: createMemoryStore(), environment: 'test', definitions, clock })
  await flags.ready()
  let listeners = 0
  const { on: listen } = flags
  const counted = Object.assign(flags, {
    /** How many of the handlers listen. */
    listeners: () => listeners,
    on: ((name, listener) => {
      listeners += 1
      const stop = listen.call(flags, name, listener)
      return () => {
        listeners -= 1
        stop()
      }
    }) satisfies typeof flags.on,
  })
  const handle = answersHandler(counted, {
    contextOf: (request) => {
      const id = request.headers.get('cookie')
      return id === null ? undefined : { id, plan: id.split('-')[1] }
    },
    isPublic,
    clock,
    ...options,
  })
  toClose.push(() => flags.close(), handle.close)
  const ask = (cookie?: string, headers: Record<string, string> = {}, query = '', method = 'GET') =>
    handle(
      new Request(`http://localhost/anything${query}`, {
        method,
        headers: { ...(cookie && { cookie }), ...headers },
      }),
    )
  const follow = async (cookie: string, query = '', headers: Record<string, string> = {}) =>
    readerOf(await ask(cookie, { accept: 'text/event-stream', ...headers }, query), clock)
  return { clock, flags: counted, ask, listen: follow, close: handle.close }
}

interface Told {
  readonly type: string
  readonly id: string | undefined
  readonly data: unknown
}

/** Reads one event after the other; undefined where nothing comes without time passing. */
function readerOf(response: Response, clock: { advance(ms: number): Promise<void> }) {
  const reader = response.body!.getReader()
  const next = async (): Promise<Told | undefined | 'end'> => {
    pending ??= reader.read()
    const idle = clock.advance(1).then(() => 'idle' as const)
    const found = await Promise.race([
      pending,
      idle.then(() => clock.advance(1)).then(() => 'idle' as const),
    ])
    if (found === 'idle') return undefined
    pending = undefined
    if (found.done) return 'end'
    const text = new TextDecoder().decode(found.value)
    expect(text.endsWith('\n\n')).toBe(true)
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
    return { type: field('event')!, id: field('id'), data: JSON.parse(field('data')!) }
  }
  let pending: Promise<{ done: boolean; value?: Uint8Array }> | undefined
  return { next, cancel: () => reader.cancel(), headers: response.headers }
}

describe('the JSON of answersHandler', () => {
  it('is the sheet of who asks, with public flags only', async () => {
    const { ask } = await open()
    const response = await ask('ada')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const sheet = (await response.json()) as AnswerSheet
    expect(sheet).toMatchObject({ revision: 0, environment: 'test', targetingKey: 'ada' })
    expect(Object.keys(sheet.answers).sort()).toEqual([
      ...['banner', 'betaOnly', 'gated', 'newProfile', 'sale'],
    ])
    const beta = (await (await ask('bo-beta')).json()) as AnswerSheet
    expect([sheet.answers.betaOnly?.value, beta.answers.betaOnly?.value]).toEqual([false, true])
  })

  it('is 304 to who has it, until it changes for them', async () => {
    const { ask, flags } = await open()
    const etag = (await ask('ada')).headers.get('etag')!
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const response = await ask('ada', { 'if-none-match': known })
      expect([response.status, await response.text()]).toEqual([304, ''])
      expect(response.headers.get('etag')).toBe(etag)
    }
    expect((await ask('bo', { 'if-none-match': etag })).status).toBe(200)
    await flags.setRollout('merger', 50, note)
    expect((await ask('ada', { 'if-none-match': etag })).status).toBe(304)
    await flags.setRollout('newProfile', 100, note)
    const changed = await ask('ada', { 'if-none-match': etag })
    expect(changed.status).toBe(200)
    expect(await changed.json()).toMatchObject({
      ...{ revision: 2, answers: { newProfile: { value: true } } },
    })
  })

  it('is 401 to who may not, and says nothing', async () => {
    const { ask } = await open()
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await ask(undefined, { accept })
      expect(response.status).toBe(401)
      expect(await response.text()).not.toContain('banner')
    }
  })

  it('takes no word of the page for who it is, unless the application does', async () => {
    const query = `?context=${encodeURIComponent('{"id":"bo-beta","plan":"beta"}')}`
    const strict = await open()
    expect(await (await strict.ask('ada', {}, query)).json()).toMatchObject({
      ...{ targetingKey: 'ada', answers: { betaOnly: { value: false } } },
    })
    expect((await strict.ask(undefined, {}, query)).status).toBe(401)
    const trusting = await open({ contextOf: (_, sent) => sent as object })
    expect(await (await trusting.ask(undefined, {}, query)).json()).toMatchObject({
      ...{ targetingKey: 'bo-beta', answers: { betaOnly: { value: true } } },
    })
    expect((await trusting.ask(undefined, {}, '?context={oops')).status).toBe(400)
  })

  it('is 500 without details where the application throws, and is reported', async () => {
    const heard: unknown[] = []
    const secret = new Error('host db-7')
    const failing = await open({
      contextOf: () => Promise.reject(secret),
      report(error) {
        heard.push(error)
        throw new Error('and so does this')
      },
    })
    const response = await failing.ask('ada')
    expect([response.status, heard]).toEqual([500, [secret]])
    expect(await response.text()).not.toContain('db-7')
    const throwing = await open({
      isPublic: () => {
        throw secret
      },
    })
    for (const accept of ['application/json', 'text/event-stream']) {
      expect((await throwing.ask('ada', { accept })).status).toBe(500)
    }
  })

  it('answers GET and HEAD only', async () => {
    const { ask, flags } = await open()
    const head = await ask('ada', {}, '', 'HEAD')
    expect([head.status, await head.text()]).toEqual([200, ''])
    // Nobody would ever read that stream, nor leave it.
    await ask('ada', { accept: 'text/event-stream' }, '', 'HEAD')
    expect(flags.listeners()).toBe(0)
    expect(head.headers.get('etag')).toBe((await ask('ada')).headers.get('etag'))
    const post = await ask('ada', {}, '', 'POST')
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('waits for a log that the page has seen further, but not for ever', async () => {
    const { ask, flags, clock } = await open()
    let isAnswered = false
    const answered = ask('ada', {}, '?revision=1').then((response) => {
      isAnswered = true
      return response.json()
    })
    await clock.advance(300)
    expect(isAnswered).toBe(false)
    await flags.setRollout('newProfile', 100, note)
    await clock.advance(100)
    expect(await answered).toMatchObject({ revision: 1, answers: { newProfile: { value: true } } })
    // A log that was restored from a backup never gets there.
    const behind = ask('ada', {}, '?revision=99')
    await clock.advance(5_000)
    expect((await behind).status).toBe(200)
  })

  it('keeps nobody waiting who has what is answered here already', async () => {
    // The log was restored from a backup: the revision that the page has seen does not come again soon.
    const { ask, listen } = await open()
    const etag = (await ask('ada')).headers.get('etag')!
    const known = await ask('ada', { 'if-none-match': `W/${etag}` }, '?revision=99')
    expect(known.status).toBe(304)
    const stream = await listen('ada', `?revision=99&lastEventId=${encodeURIComponent(etag)}`)
    expect(await stream.next()).toMatchObject({ type: 'beat' })
    expect(await stream.next()).toBeUndefined()
  })

  it('refuses options that are none', async () => {
    for (const wrong of [
      { isPublic: undefined },
      { contextOf: 'ada' },
      { heartbeatMs: 0 },
      { streamMs: 1e9 },
    ]) {
      await expect(open(wrong as never)).rejects.toMatchObject({ code: 'invalid_option' })
    }
  })
})

describe('the stream of answersHandler', () => {
  it('begins with the sheet, and sends the next one only to whom it is news', async () => {
    const { listen, flags } = await open()
    const ada = await listen('ada')
    const bo = await listen('bo')
    expect(ada.headers.get('content-type')).toBe('text/event-stream')
    expect(ada.headers.get('cache-control')).toContain('no-transform')
    // It comes back on another connection, which a server that is closing refuses.
    expect(ada.headers.get('connection')).toBe('close')
    for (const reader of [ada, bo]) {
      expect(await reader.next()).toMatchObject({ type: 'beat', data: 15_000 })
      expect(await reader.next()).toMatchObject({ type: 'sheet', data: { revision: 0 } })
      expect(await reader.next()).toBeUndefined()
    }
    // At 0 percent the reason is another one.
    await flags.setRollout('newProfile', 1, note)
    for (const reader of [ada, bo]) expect(await reader.next()).toMatchObject({ type: 'sheet' })
    // A share that takes one in and leaves the other out.
    for (let percent = 2; percent < 100; percent += 1) {
      await flags.setRollout('newProfile', percent, note)
      const [isAda, isBo] = ['ada', 'bo'].map((id) => flags.isEnabled('newProfile', { id }))
      if (isAda !== isBo) break
    }
    const [news, none] = flags.isEnabled('newProfile', { id: 'ada' }) ? [ada, bo] : [bo, ada]
    expect(await news.next()).toMatchObject({ data: { answers: { newProfile: { value: true } } } })
    expect(await none.next()).toBeUndefined()
    await flags.setRollout('merger', 10, note)
    expect(await news.next()).toBeUndefined()
  })

  it('sends at once what a flag decides that nobody may see', async () => {
    const { listen, flags } = await open()
    const ada = await listen('ada')
    await ada.next()
    expect(await ada.next()).toMatchObject({ data: { answers: { gated: { value: true } } } })
    await flags.disable('launch', note)
    const told = (await ada.next()) as Told
    expect(told).toMatchObject({ type: 'sheet', data: { answers: { gated: { value: false } } } })
    expect(JSON.stringify(told)).not.toContain('launch')
  })

  it('resumes: who has the sheet gets a heartbeat alone', async () => {
    const { listen, flags } = await open()
    const first = await listen('ada')
    await first.next()
    const { id } = (await first.next()) as Told
    const known = `?lastEventId=${encodeURIComponent(id!)}`
    for (const again of [
      await listen('ada', known),
      await listen('ada', '', { 'last-event-id': id! }),
    ]) {
      expect(await again.next()).toMatchObject({ type: 'beat' })
      expect(await again.next()).toBeUndefined()
    }
    const other = await listen('bo', known)
    await other.next()
    expect(await other.next()).toMatchObject({ type: 'sheet', data: { targetingKey: 'bo' } })
    await flags.setRollout('newProfile', 100, note)
    const later = await listen('ada', known)
    await later.next()
    expect(await later.next()).toMatchObject({ data: { answers: { newProfile: { value: true } } } })
  })

  it('beats while nothing changes, and finds what a schedule changed', async () => {
    const { listen, clock } = await open({ heartbeatMs: 20_000 })
    const ada = await listen('ada')
    await ada.next()
    expect(await ada.next()).toMatchObject({ data: { answers: { sale: { value: false } } } })
    await clock.advance(20_000)
    expect(await ada.next()).toMatchObject({ type: 'beat', data: 20_000 })
    await clock.advance(40_000)
    const told = [await ada.next(), await ada.next()]
    expect(told).toContainEqual(
      expect.objectContaining({
        data: expect.objectContaining({
          answers: expect.objectContaining({ sale: expect.objectContaining({ value: true }) }),
        }),
      }),
    )
  })

  it('keeps one event for a slow reader, and then gives it the newest sheet', async () => {
    const { listen, flags, clock } = await open({ heartbeatMs: 6e8 })
    const slow = await listen('ada')
    await slow.next()
    await slow.next()
    for (let percent = 1; percent <= 50; percent += 1) {
      await flags.setRollout('newProfile', percent % 2 === 0 ? 0 : 100, note)
      await clock.advance(10)
    }
    await flags.setRollout('newProfile', 100, note)
    await clock.advance(10)
    const told = [await slow.next(), await slow.next(), await slow.next()]
    // What waited for it, and what is so now.
    expect(told.filter(Boolean).length).toBeLessThanOrEqual(2)
    expect(told.filter(Boolean).at(-1)).toMatchObject({
      ...{ data: { answers: { newProfile: { value: true } } } },
    })
  })

  it('lets go of a reader that takes nothing for three heartbeats', async () => {
    const { ask, clock, flags } = await open({ heartbeatMs: 1_000 })
    await ask('ada', { accept: 'text/event-stream' })
    expect(flags.listeners()).toBe(1)
    await clock.advance(2_999)
    expect(flags.listeners()).toBe(1)
    await clock.advance(1)
    expect(flags.listeners()).toBe(0)
  })

  it('keeps a reader that is slow, and takes something now and then', async () => {
    const { listen, clock, flags } = await open({ heartbeatMs: 1_000 })
    const slow = await listen('ada')
    for (let turn = 0; turn < 5; turn += 1) {
      await clock.advance(1_900)
      expect(await slow.next()).toBeTypeOf('object')
      expect(flags.listeners()).toBe(1)
    }
    await clock.advance(4_000)
    expect(flags.listeners()).toBe(0)
  })

  it('ends with the client, after its time, and with the server', async () => {
    const { ask, listen, clock, flags, close } = await open({ streamMs: 60_000 })
    const left = await listen('ada')
    await left.cancel()
    expect(flags.listeners()).toBe(0)
    const abort = new AbortController()
    const handle = answersHandler(flags, { contextOf: () => 'ada', isPublic, clock })
    const headers = { accept: 'text/event-stream' }
    await handle(new Request('http://localhost/', { headers, signal: abort.signal }))
    expect(flags.listeners()).toBe(1)
    abort.abort()
    expect(flags.listeners()).toBe(0)
    // It left while it was found out who it is.
    await handle(new Request('http://localhost/', { headers, signal: abort.signal }))
    expect(flags.listeners()).toBe(0)
    const old = await listen('ada')
    await old.next()
    await old.next()
    await clock.advance(60_000)
    const rest = [await old.next(), await old.next(), await old.next(), await old.next()]
    expect(rest).toContain('end')
    await ask('ada', headers)
    await ask('bo', headers)
    expect(flags.listeners()).toBe(1)
    close()
    expect(flags.listeners()).toBe(0)
    // Who comes back meanwhile would hold the server open again.
    expect((await ask('ada', headers)).status).toBe(503)
    expect((await ask('ada')).status).toBe(200)
    expect(flags.listeners()).toBe(0)
  })

  it('refuses more streams than it may have, and still answers JSON', async () => {
    const { ask } = await open({ maxStreams: 2 })
    const headers = { accept: 'text/event-stream' }
    const statuses = [await ask('ada', headers), await ask('bo', headers), await ask('cy', headers)]
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 503])
    expect((await ask('cy')).status).toBe(200)
  })

  it('wakes a crowd of streams, a few in each turn', async () => {
    const { ask, flags, clock } = await open()
    const headers = { accept: 'text/event-stream' }
    const readers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        readerOf(await ask(`user${index}`, headers), clock),
      ),
    )
    for (const reader of readers) {
      await reader.next()
      await reader.next()
    }
    await flags.setRollout('newProfile', 100, note)
    await clock.advance(10)
    for (const reader of readers) {
      expect(await reader.next()).toMatchObject({
        data: { answers: { newProfile: { value: true } } },
      })
    }
  })
})

describe('sheetElement', () => {
  it('holds the sheet, whatever its values say', () => {
    const value = '</script><script>alert(1)</script><!-- \u2028'
    const sheet: AnswerSheet = {
      ...{ revision: 1, environment: 'test' },
      answers: { '<b>': { value, reason: 'STATIC' } },
    }
    const html = sheetElement(sheet, 'a"><img>.b')
    expect(html.match(/<\/script>/g)).toHaveLength(1)
    expect(html).toMatch(/^<script type="application\/json" id="aimg.b">/)
    const text = html.slice(html.indexOf('>') + 1, html.lastIndexOf('<'))
    expect(text).not.toContain('<')
    expect(JSON.parse(text)).toEqual(sheet)
  })
})
