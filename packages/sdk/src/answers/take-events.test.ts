import { afterEach, describe, expect, it, vi } from 'vitest'
import { answersHandler } from '../answers.ts'
import { createBrowserFlags } from '../browser.ts'
import { createFlagSet } from '../index.ts'
import { batch, environment, on, open } from './events.fixture.ts'

afterEach(() => vi.unstubAllGlobals())

describe('an event that a page tracks', () => {
  it('counts under the arm of its user, for each flag whose rollout is under way', async () => {
    const { clock, page, count, flags, posted, told, timers } = await open()
    page.track('purchase', 20)
    page.track('purchase')
    page.track('signup', 0)
    await clock.advance(999)
    expect(posted()).toHaveLength(0)
    await clock.advance(1)
    expect(posted()).toHaveLength(1)
    expect([count('new'), count('old'), count('done')]).toEqual([
      ...[
        [2, 0],
        [0, 2],
        [0, 0],
      ],
    ])
    expect(count('new', 'signup')).toEqual([1, 0])
    const { values = [] } = flags.health('new').read().canary.series?.purchase ?? {}
    expect([...values].reduce((sum, each) => sum + each, 0)).toBe(1)
    expect([told, timers()]).toEqual([[], 0])
    page.track('purchase')
    await clock.advance(1_000)
    expect(count('new')).toEqual([3, 0])
  })

  it('is sent at once where there are many, and none is sent twice', async () => {
    const { clock, page, count, posted, timers } = await open()
    for (let sent = 0; sent < 120; sent += 1) page.track('purchase')
    expect([posted().length, timers()]).toEqual([2, 1])
    await clock.advance(1_000)
    expect([posted().length, count('new')]).toEqual([3, [120, 0]])
  })

  it('is not left behind by a page that is left or hidden, nor by one that is closed', async () => {
    const { clock, page, count, posted, timers } = await open()
    const window = new EventTarget()
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
    vi.stubGlobal('document', document)
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
    vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window))
    const leaves = [
      () => window.dispatchEvent(new Event('pagehide')),
      () => document.dispatchEvent(new Event('visibilitychange')),
      () => page.close(),
    ]
    for (const [index, leave] of leaves.entries()) {
      page.track('purchase')
      leave()
      leave()
      expect(posted()).toHaveLength(index + 1)
      expect(posted()[index]?.keepalive).toBe(true)
    }
    await clock.advance(1_000)
    expect([count('new'), posted().length, timers()]).toEqual([[3, 0], 3, 0])
    page.track('purchase')
    await clock.advance(1_000)
    expect(posted()).toHaveLength(3)
  })

  it('counts for its own user, or for nobody', async () => {
    const { clock, page, session, count, told, posted } = await open()
    page.track('purchase')
    await page.setContext({ id: 'ada', plan: 'pro' })
    expect(count('new')).toEqual([1, 0])
    // Signed in by another tab, say: the cookie is another one already.
    page.track('purchase')
    session.user = 'bo'
    await page.setContext()
    expect([count('new'), posted().length]).toEqual([[1, 0], 2])
    expect(told).toEqual([expect.stringMatching(/^events_lost: .*409/)])
    page.track('purchase')
    await clock.advance(1_000)
    expect(count('new')).toEqual([2, 0])
  })

  it('that does not come through is told, and is no harm', async () => {
    const { clock, page, told } = await open({ events: undefined } as never)
    page.track('purchase')
    await clock.advance(1_000)
    expect(told).toEqual([expect.stringMatching(/^events_lost: .*405.*`events`/)])
    const away = createBrowserFlags({
      ...{ url: '/answers', fetch: () => Promise.reject(new Error('away')), clock },
      isConnected: false,
    })
    const errors: string[] = []
    away.on('error', ({ code, message }) => errors.push(`${code}: ${message}`))
    away.track('purchase')
    await clock.advance(1_000)
    expect(errors).toEqual([expect.stringMatching(/^events_lost: .*does not answer/)])
    expect(() => createBrowserFlags().track('purchase')).not.toThrow()
  })
})

describe('a server that takes events', () => {
  it('counts those that it names, and says which one it does not', async () => {
    const { post, count, flags } = await open()
    const answer = await post(batch(['purchase'], ['forged'], ['__proto__'], ['signup', 3]))
    expect([answer.status, await answer.json()]).toEqual([
      422,
      { message: 'Not counted: "forged". Name it in `events`.' },
    ])
    expect([count('new'), count('new', 'signup')]).toEqual([
      [1, 0],
      [1, 0],
    ])
    expect(Object.keys(flags.health('new').read().canary.series ?? {})).toEqual([
      ...['purchase', 'signup'],
    ])
  })

  it('counts no amount that is none, says so, and counts the others', async () => {
    const { post, count, flags } = await open()
    const amounts = [null, '5', true, -1, [7], {}]
    const answer = await post(batch(...amounts.map((each) => ['purchase', each]), ['purchase', 5]))
    expect([answer.status, await answer.json()]).toEqual([
      422,
      {
        message: 'Not counted: "purchase". Its value must be a number of at least 0, or left out.',
      },
    ])
    // JSON has no infinite number, and still holds one.
    const endless = '{"targetingKey":"ada","events":[["purchase",1e999]]}'
    expect((await post(endless)).status).toBe(422)
    expect([count('new'), flags.health('new').dropped]).toEqual([[1, 0], 0])
  })

  it('takes names that a recorder keeps, and no others', async () => {
    const longest = Array.from({ length: 16 }, (_, index) => `${index}`.padStart(64, 'x'))
    const { post, count } = await open({ events: longest })
    expect((await post(batch(...longest.map((name) => [name])))).status).toBe(204)
    expect(longest.map((name) => count('new', name))).toEqual(longest.map(() => [1, 0]))
    const misfits = ['purchase', [...longest, 'x'], ['x'.repeat(65)], [''], [7], { purchase: true }]
    for (const events of misfits) {
      await expect(open({ events } as never)).rejects.toMatchObject({
        ...{ code: 'invalid_option', expected: expect.stringContaining('at most 16 names') },
      })
    }
  })

  it('refuses what is no batch, and counts nothing of it', async () => {
    const { post, count, session } = await open()
    const many = Array.from({ length: 51 }, () => ['purchase'])
    const bodies = [null, 7, [], {}, batch('purchase'), batch([7]), { events: {} }, batch(...many)]
    for (const body of bodies) expect((await post(body)).status).toBe(400)
    expect((await post('{oops')).status).toBe(400)
    expect((await post(batch(['x'.repeat(20_000)]))).status).toBe(413)
    // What a form of another site can send, with this user's cookies.
    const form = { 'content-type': 'text/plain' }
    expect((await post(batch(['purchase']), form)).status).toBe(415)
    expect((await post({ events: [['purchase']] })).status).toBe(409)
    session.user = undefined
    expect((await post(batch(['purchase']))).status).toBe(401)
    expect(count('new')).toEqual([0, 0])
  })

  it('says that it takes them', async () => {
    const { handle } = await open()
    const answer = await handle(new Request('http://a.test/', { method: 'PUT' }))
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  })

  it('needs flags that count', () => {
    const set = createFlagSet({ new: on }, { environment })
    const flags = { ...set, snapshot: () => set, replica: { head: { revision: 0 } }, on: () => {} }
    const options = { contextOf: () => 'ada', isPublic: () => true, events: ['purchase'] }
    expect(() => answersHandler(flags as never, options)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })
})

describe('facts about flags', () => {
  it('reach the page as `metadataOf` says, and nothing else does', async () => {
    const { page } = await open({
      metadataOf: ({ key }) => (key === 'new' ? { docs: '/new', beta: true } : undefined),
    })
    expect(page.evaluate('new').metadata).toEqual({ docs: '/new', beta: true })
    expect(Object.isFrozen(page.evaluate('new').metadata)).toBe(true)
    expect('metadata' in page.evaluate('old')).toBe(false)
    const plain = await open()
    expect('metadata' in plain.page.evaluate('new')).toBe(false)
  })

  it('are refused where they come of no function', async () => {
    await expect(open({ metadataOf: 'all' } as never)).rejects.toMatchObject({
      code: 'invalid_option',
    })
  })
})
