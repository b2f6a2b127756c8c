import { afterEach, describe, expect, it, vi } from 'vitest'
import { answerOf, deferred, openPage, sheetOf } from './browser.fixture.ts'
import type { FetchedAnswer } from './platform.ts'

const ada = sheetOf({ on: true })
const bo = sheetOf({ on: false }, { targetingKey: 'bo' })

describe('setContext', () => {
  it('keeps the old answers until the new ones are here, and follows those', async () => {
    const { flags, answers, sources, source, settle, told, fetched } = openPage({ answers: ada })
    await settle()
    source().say('sheet', ada, '"tag-of-ada"')
    const { promise, resolve } = deferred<Partial<FetchedAnswer>>()
    answers.push(promise)
    const changed = flags.setContext({ id: 'bo' })
    expect(sources[0]!.isClosed).toBe(true)
    await settle()
    expect(flags.isEnabled('on')).toBe(true)
    resolve(answerOf(bo, '"tag-of-bo"'))
    await changed
    expect([flags.isEnabled('on'), flags.status]).toEqual([false, 'live'])
    expect(told).toEqual(['live', 'change on'])
    expect(fetched).toEqual([
      {
        url: '/answers?revision=1&context=%7B%22id%22%3A%22bo%22%7D',
        headers: { accept: 'application/json' },
      },
    ])
    await settle()
    expect(source().url).toBe(
      '/answers?revision=1&context=%7B%22id%22%3A%22bo%22%7D&lastEventId=%22tag-of-bo%22',
    )
    // What the old stream still had to say is another user's.
    sources[0]!.say('sheet', ada)
    expect(flags.isEnabled('on')).toBe(false)
    flags.close()
  })

  it('leaves no answers of another user where the new ones do not come', async () => {
    const { flags, clock, answers, source, settle, told } = openPage({ answers: ada })
    await settle()
    source().say('beat', 15_000)
    answers.push({ status: 401 })
    await expect(flags.setContext()).rejects.toMatchObject({ code: 'answers_unauthorized' })
    expect([flags.status, flags.isEnabled('on')]).toEqual(['empty', false])
    expect(flags.evaluate('on').errorCode).toBe('PROVIDER_NOT_READY')
    expect(told).toEqual(['live', 'empty', 'change on'])
    await clock.advance(1_000)
    source().say('sheet', bo)
    expect([flags.status, flags.evaluate('on').value]).toEqual(['live', false])
    flags.close()
  })

  it('keeps the answers where only attributes of the same user change', async () => {
    const { flags, settle } = openPage({ answers: ada })
    await settle()
    await expect(flags.setContext({ id: 'ada', plan: 'pro' })).rejects.toMatchObject({
      code: 'answers_unreachable',
    })
    expect(flags.isEnabled('on')).toBe(true)
    flags.close()
  })

  it('lets the newest call win, however late the answers of older ones come', async () => {
    const { flags, answers, settle } = openPage({ answers: ada })
    await settle()
    const first = deferred<Partial<FetchedAnswer>>()
    answers.push(first.promise, answerOf(bo))
    const older = flags.setContext({ id: 'ada', plan: 'pro' })
    const newer = flags.setContext({ id: 'bo' })
    await newer
    first.resolve(answerOf(ada))
    await older
    expect(flags.getSnapshot().targetingKey).toBe('bo')
    flags.close()
  })

  it('ends with close', async () => {
    const { flags, answers, settle, sources, clock } = openPage({ answers: ada })
    await settle()
    const { promise, resolve } = deferred<Partial<FetchedAnswer>>()
    answers.push(promise)
    const changed = flags.setContext({ id: 'bo' })
    flags.close()
    resolve(answerOf(bo))
    await changed
    expect(flags.getSnapshot().targetingKey).toBe('ada')
    await settle()
    expect([sources.length, clock.pendingTimers]).toEqual([1, 0])
  })

  it('refuses a context that cannot be sent', async () => {
    const circular: Record<string, unknown> = { id: 'bo' }
    circular.self = circular
    const longs = ['x'.repeat(6_000), '日'.repeat(700)].map((text) => ({ id: 'bo', text }))
    for (const context of [circular, ...longs, { id: 1n }, (() => {}) as never]) {
      const { flags, told, settle } = openPage({ answers: ada })
      await expect(flags.setContext(context)).rejects.toMatchObject({ code: 'invalid_context' })
      expect(flags.status).toBe('empty')
      const begun = openPage({ answers: ada, context })
      await begun.settle()
      expect(begun.told).toEqual(['invalid_context'])
      expect(begun.source().url).toBe('/answers?revision=1')
      await settle()
      expect(told).not.toContain('live')
      for (const each of [flags, begun.flags]) each.close()
    }
  })

  it('asks for nobody known after a context that cannot be sent', async () => {
    const { flags, source, settle } = openPage({ answers: ada, context: { id: 'ada' } })
    await settle()
    source().say('sheet', ada, '"tag-of-ada"')
    await expect(flags.setContext({ id: 1n as never })).rejects.toThrow('Send fewer attributes')
    await settle()
    expect(source().url).toBe('/answers?revision=1')
    flags.close()
  })

  it('takes no other thing for the answers of the new user', async () => {
    const { flags, answers, settle } = openPage({ answers: ada })
    await settle()
    for (const rubbish of ['<html>', { ...bo, answers: 7 }]) {
      answers.splice(0, 1, answerOf(rubbish))
      await expect(flags.setContext({ id: 'bo' })).rejects.toMatchObject({
        code: 'answers_unreadable',
      })
      expect(flags.status).toBe('empty')
    }
    flags.close()
  })

  it('keeps no answers of a visitor without a name, who may be somebody now', async () => {
    const { targetingKey: _, ...visitor } = ada
    const { flags } = openPage({ answers: visitor })
    await expect(flags.setContext()).rejects.toThrow()
    expect([flags.status, flags.isEnabled('on')]).toEqual(['empty', false])
    flags.close()
  })

  it('takes all that fits into a URL', async () => {
    const { flags, answers, fetched } = openPage({ isConnected: false })
    answers.push(answerOf(bo))
    await flags.setContext({ id: 'undefined', text: `\ud800${'日'.repeat(600)}` })
    const { searchParams } = new URL(fetched[0]!.url, 'http://a.test')
    expect(JSON.parse(searchParams.get('context')!)).toMatchObject({ id: 'undefined' })
    flags.close()
  })

  it('needs an address', async () => {
    const { flags } = openPage({ answers: ada, url: undefined })
    await expect(flags.setContext('bo')).rejects.toMatchObject({ code: 'answers_unreadable' })
    expect(flags.isEnabled('on')).toBe(false)
  })

  it('joins its parameters to those of the address', async () => {
    const { flags, source, settle } = openPage({ url: '/answers?app=shop', context: 'ada' })
    await settle()
    expect(source().url).toBe('/answers?app=shop&context=%22ada%22')
    flags.close()
  })
})

describe('the cache', () => {
  const stored = new Map<string, string>()
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  }
  afterEach(() => {
    vi.unstubAllGlobals()
    stored.clear()
  })

  it('keeps the last sheet for a start without the server', async () => {
    vi.stubGlobal('localStorage', storage)
    const first = openPage({ context: { id: 'ada' }, cache: true })
    await first.settle()
    first.source().say('sheet', ada)
    first.flags.close()
    const next = openPage({ context: { id: 'ada' }, cache: true })
    expect([next.flags.status, next.flags.isEnabled('on')]).toEqual(['stale', true])
    // The server rendered nothing of it.
    expect(next.flags.getServerSnapshot().answers).toEqual({})
    next.flags.close()
    // What was rendered is newer.
    const other = openPage({ context: { id: 'ada' }, cache: true, answers: sheetOf({ on: false }) })
    expect([other.flags.status, other.flags.isEnabled('on')]).toEqual(['bootstrap', false])
    other.flags.close()
  })

  it('shows nobody the answers of another user, and forgets them', async () => {
    vi.stubGlobal('localStorage', storage)
    const first = openPage({ context: { id: 'ada' }, cache: true })
    await first.settle()
    first.source().say('sheet', ada)
    for (const context of [{ id: 'bo' }, undefined]) {
      const { flags } = openPage({ context, cache: true })
      expect([flags.status, flags.isEnabled('on')]).toEqual(['empty', false])
      flags.close()
    }
    await expect(first.flags.setContext()).rejects.toThrow()
    expect(stored.size).toBe(0)
    first.flags.close()
  })

  it('is kept for each address', async () => {
    vi.stubGlobal('localStorage', storage)
    const context = { id: 'ada' }
    const first = openPage({ context, cache: true })
    await first.settle()
    first.source().say('sheet', ada)
    const { flags } = openPage({ context, cache: true, url: '/of/another/application' })
    expect(flags.status).toBe('empty')
    for (const each of [flags, first.flags]) each.close()
  })

  it('is not missed where storage refuses or holds rubbish', async () => {
    for (const text of ['{oops', '7', 'null', '{"answers":7}']) {
      vi.stubGlobal('localStorage', { ...storage, getItem: () => text })
      const { flags } = openPage({ cache: true })
      expect(flags.status).toBe('empty')
      flags.close()
    }
    const refuse = () => {
      throw new Error('quota')
    }
    vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse, removeItem: refuse })
    const { flags, source, settle } = openPage({ cache: true })
    await settle()
    source().say('sheet', ada)
    expect(flags.isEnabled('on')).toBe(true)
    flags.close()
  })

  it('keeps nothing old where there is no room for what is new', async () => {
    vi.stubGlobal('localStorage', storage)
    const { flags, source, settle } = openPage({ context: { id: 'ada' }, cache: true })
    await settle()
    source().say('sheet', ada)
    expect(stored.size).toBe(1)
    const setItem = () => {
      throw new Error('QuotaExceededError')
    }
    vi.stubGlobal('localStorage', { ...storage, setItem })
    source().say('sheet', sheetOf({ on: false }))
    expect([stored.size, flags.isEnabled('on')]).toEqual([0, false])
    flags.close()
  })

  it('is not written unless it is asked for', async () => {
    vi.stubGlobal('localStorage', storage)
    const { flags, source, settle } = openPage({ context: { id: 'ada' } })
    await settle()
    source().say('sheet', ada)
    expect(stored.size).toBe(0)
    flags.close()
  })
})
