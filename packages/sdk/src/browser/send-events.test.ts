import { describe, expect, it } from 'vitest'
import { batch, open } from '../answers/events.fixture.ts'
import { createBrowserFlags } from '../browser.ts'

const second = 1_000

describe('a page that tracks', () => {
  it('tells of what is no event, and sends the others', async () => {
    const { clock, page, count, told, posted } = await open()
    const hoop: { self?: unknown } = {}
    hoop.self = hoop
    const misfits = [1n, hoop, Number.NaN, Number.POSITIVE_INFINITY, -1, '5', null]
    for (const value of misfits) page.track('purchase', value as never)
    for (const name of [undefined, 7n, Symbol('x'), hoop]) page.track(name as never)
    page.track('purchase', 5)
    await clock.advance(second)
    expect([count('new'), posted().length]).toEqual([[1, 0], 1])
    const line = 'events_lost: Of 1 events not all were counted: track() takes a name, and a number'
    expect(told).toHaveLength(11)
    for (const each of told) expect(each).toContain(line)
  })

  it('sends what is gathered for whom it showed answers, though another tab signed in another', async () => {
    const { clock, page, session, count, told, posted } = await open()
    const stop = page.connect()
    await clock.advance(0)
    page.track('purchase')
    session.user = 'bo'
    stop()
    page.connect()
    await clock.advance(0)
    expect(page.getSnapshot().targetingKey).toBe('bo')
    await clock.advance(second)
    const bodies = await Promise.all(posted().map((request) => request.json()))
    expect(bodies).toEqual([batch(['purchase'])])
    expect(count('new')).toEqual([0, 0])
    expect(told).toEqual([expect.stringMatching(/^events_lost: .*409. Somebody else is signed in/)])
  })

  it('keeps what was tracked before the first answers for whom they are', async () => {
    const { clock, handle, count } = await open()
    const fetch = (url: string, init: RequestInit) =>
      handle(new Request(`http://a.test${url}`, init))
    const page = createBrowserFlags({
      ...{ url: '/answers', fetch: fetch as never, eventSource: undefined, clock },
    })
    page.track('purchase')
    await clock.advance(second)
    expect([page.status, count('new')]).toEqual(['live', [1, 0]])
    page.close()
  })

  it('sends nothing of a user whose answers are gone for the next one', async () => {
    const { clock, page, session, posted } = await open()
    session.user = undefined
    const leaving = page.setContext()
    page.track('purchase')
    await expect(leaving).rejects.toMatchObject({ code: 'answers_unauthorized' })
    session.user = 'bo'
    await page.setContext()
    await clock.advance(second)
    const bodies = await Promise.all(posted().map((request) => request.json()))
    expect(bodies).toEqual([batch(['purchase'])])
  })

  it('loses nothing that is tracked when it hears of a loss', async () => {
    const { clock } = await open()
    const page = createBrowserFlags({
      ...{ url: '/answers', fetch: undefined, clock, isConnected: false },
    })
    const told: string[] = []
    page.on('error', ({ message }) => {
      told.push(message)
      if (told.length < 3) page.track('loss')
    })
    for (let sent = 0; sent < 50; sent += 1) page.track('purchase')
    await clock.advance(second)
    await clock.advance(second)
    expect(told.map((each) => Number.parseInt(each.slice(3), 10))).toEqual([50, 1, 1])
  })
})
