import { afterEach, describe, expect, it, vi } from 'vitest'
import { answerOf, openPage, sheetOf } from './browser.fixture.ts'

const off = sheetOf({ on: false })
const on = sheetOf({ on: true }, { revision: 2 })

afterEach(() => vi.unstubAllGlobals())

describe('a page that follows its server', () => {
  it('takes each sheet of the stream, and names its state when it comes back', async () => {
    const { flags, clock, sources, source, settle, told } = openPage({ answers: off })
    await settle()
    expect(source().url).toBe('/answers?revision=1')
    source().say('beat', 15_000)
    source().say('sheet', on, '"tag"')
    expect([flags.status, flags.isEnabled('on')]).toEqual(['live', true])
    source().say('error')
    expect(sources[0]!.isClosed).toBe(true)
    // One loss is no outage.
    expect(flags.status).toBe('live')
    await clock.advance(499)
    expect(sources).toHaveLength(1)
    await clock.advance(1)
    expect(source().url).toBe('/answers?revision=2&lastEventId=%22tag%22')
    source().say('beat', 15_000)
    expect(told).toEqual(['live', 'change on'])
    flags.close()
    expect([source().isClosed, clock.pendingTimers]).toEqual([true, 0])
  })

  it('keeps the last good sheet while the server is away, and looks again ever more seldom', async () => {
    const { flags, clock, sources, source, fetched, answers, settle, told } = openPage({
      ...{ answers: off, random: () => 1 },
    })
    await settle()
    source().say('error')
    await settle()
    expect([flags.status, flags.isEnabled('on')]).toEqual(['stale', false])
    expect(told).toEqual(['stale', 'answers_unreachable'])
    const pauses: number[] = []
    for (let look = 0; look < 7; look += 1) {
      const { length } = sources
      const before = clock.now()
      while (sources.length === length) await clock.advance(500)
      pauses.push(clock.now() - before)
      source().say('error')
      await settle()
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(fetched).toHaveLength(8)
    answers.push(answerOf(on, '"tag"'))
    await clock.advance(30_000)
    source().say('beat', 15_000)
    source().say('sheet', on)
    expect([flags.status, flags.isEnabled('on')]).toEqual(['live', true])
    expect(told.filter((each) => each === 'stale')).toHaveLength(1)
    flags.close()
  })

  it('spreads its looks at random', async () => {
    const [early, late] = [0, 1].map((random) => openPage({ answers: off, random: () => random }))
    for (const { source, clock, settle, sources } of [early!, late!]) {
      await settle()
      source().say('beat', 1)
      source().say('error')
      await clock.advance(500)
      await settle()
      expect(sources).toHaveLength(clock === early!.clock ? 2 : 1)
      await clock.advance(500)
      expect(sources).toHaveLength(2)
    }
    for (const { flags } of [early!, late!]) flags.close()
  })

  it('polls where there is no EventSource, with the tag of what it has', async () => {
    const { flags, clock, fetched, settle } = openPage(
      { eventSource: undefined },
      ...[answerOf(off, '"1"'), { status: 304 }, answerOf(on, '"2"')],
    )
    await settle()
    expect([flags.status, flags.isEnabled('on')]).toEqual(['live', false])
    await clock.advance(15_000)
    await clock.advance(15_000)
    expect(flags.isEnabled('on')).toBe(true)
    expect(fetched.map(({ headers }) => headers['if-none-match'])).toEqual([
      ...[undefined, '"1"', '"1"'],
    ])
    flags.close()
    expect(clock.pendingTimers).toBe(0)
  })

  it('polls where streams do not come through, and tries them ever more seldom', async () => {
    const { flags, clock, sources, answers, settle, told, source } = openPage({ answers: off })
    answers.push(answerOf(off))
    await settle()
    const looks: number[] = []
    for (let look = 0; look < 20; look += 1) {
      if (!source().isClosed) {
        looks.push(look)
        source().say('error')
      }
      await settle()
      await clock.advance(15_000)
    }
    expect(looks).toEqual([0, 2, 5, 10, 19])
    expect(sources).toHaveLength(5)
    expect(told).toEqual(['live'])
    flags.close()
  })

  it('takes a stream without a word, or that falls silent, for lost', async () => {
    const { flags, clock, sources, answers, settle, source } = openPage({ answers: off })
    answers.push(answerOf(off))
    await settle()
    // Some proxies hold back what they should pass on.
    await clock.advance(10_000)
    expect([source().isClosed, flags.status]).toEqual([true, 'live'])
    await clock.advance(30_000)
    expect(sources).toHaveLength(2)
    source().say('beat', 20_000)
    await clock.advance(59_999)
    expect(source().isClosed).toBe(false)
    source().say('beat', 20_000)
    await clock.advance(59_999)
    expect(sources).toHaveLength(2)
    await clock.advance(1)
    expect(source().isClosed).toBe(true)
    await clock.advance(500)
    expect(sources).toHaveLength(3)
    flags.close()
  })

  it('tries a stream every 33 looks at least', async () => {
    const { flags, clock, sources, answers, settle, source } = openPage({ answers: off })
    answers.push(answerOf(off))
    await settle()
    const looks: number[] = []
    for (let loss = 0; loss < 8; loss += 1) {
      source().say('error')
      const { length } = sources
      let count = 0
      for (; sources.length === length; count += 1) await clock.advance(15_000)
      looks.push(count)
    }
    expect(looks).toEqual([2, 3, 5, 9, 17, 33, 33, 33])
    flags.close()
  })

  it('is stale without a network, and begins with new patience when it is back', async () => {
    const window = new EventTarget()
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
    vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window))
    const { flags, clock, sources, answers, settle, source } = openPage({ answers: off })
    answers.push(answerOf(off))
    await settle()
    const comeBack = async () => {
      window.dispatchEvent(new Event('offline'))
      expect([source().isClosed, flags.status]).toEqual([true, 'stale'])
      const { length } = sources
      window.dispatchEvent(new Event('online'))
      await settle()
      expect(sources).toHaveLength(length + 1)
    }
    // A stream that did not come through is tried again, and not after some polls.
    source().say('error')
    await settle()
    await comeBack()
    // As if none had been lost before.
    for (let loss = 0; loss < 3; loss += 1) {
      source().say('beat', 15_000)
      source().say('error')
      await clock.advance(30_000)
    }
    source().say('beat', 15_000)
    await comeBack()
    source().say('beat', 15_000)
    source().say('error')
    const { length } = sources
    await clock.advance(500)
    expect(sources).toHaveLength(length + 1)
    flags.close()
  })

  it('skips one poll after a loss, where a stream has held since the last one', async () => {
    const { flags, clock, sources, answers, settle, source } = openPage({ answers: off })
    answers.push(answerOf(off))
    await settle()
    const polls: number[] = []
    for (let loss = 0; loss < 3; loss += 1) {
      source().say('error')
      const { length } = sources
      let count = 0
      for (; sources.length === length; count += 1) await clock.advance(15_000)
      polls.push(count)
      source().say('beat', 15_000)
      await clock.advance(5_000)
      source().say('error')
      await clock.advance(500)
    }
    expect(polls).toEqual([2, 2, 2])
    flags.close()
  })

  it('waits longer for each stream that ends as soon as it began, until one holds', async () => {
    const { flags, clock, sources, source, settle } = openPage({ answers: off, random: () => 1 })
    await settle()
    const pauses: number[] = []
    const loseAfter = async (ms: number) => {
      source().say('beat', 15_000)
      await clock.advance(ms)
      source().say('error')
      const [{ length }, before] = [sources, clock.now()]
      while (sources.length === length) await clock.advance(500)
      pauses.push(clock.now() - before)
    }
    for (let count = 0; count < 7; count += 1) await loseAfter(4_999)
    await loseAfter(5_000)
    await loseAfter(0)
    expect(pauses).toEqual([
      ...[1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000],
      ...[1_000, 1_000],
    ])
    flags.close()
  })

  it('asks ten times a second at most, whatever `pollMs` it is given', async () => {
    for (const [pollMs, most] of [
      [0, 11],
      [-1, 11],
      [Number.NaN, 1],
    ] as const) {
      const page = { answers: off, eventSource: undefined, pollMs }
      const { flags, clock, fetched } = openPage(page, answerOf(off))
      await clock.advance(1_000)
      expect(fetched.length).toBe(most)
      flags.close()
    }
  })

  it('takes no "not modified" for an answer to a question that named no sheet', async () => {
    const page = { answers: off, eventSource: undefined }
    const { flags, settle, told } = openPage(page, { status: 304 })
    await settle()
    expect(told).toEqual(['stale', 'answers_unreadable'])
    await expect(flags.setContext({ id: 'bo' })).rejects.toThrow('304')
    expect([flags.status, flags.isEnabled('on')]).toEqual(['empty', false])
    flags.close()
  })

  it('holds one timer and one stream, however many changes came', async () => {
    const { flags, clock, sources, source, settle } = openPage({ answers: off })
    await settle()
    for (let count = 0; count < 10_000; count += 1) {
      source().say('sheet', count % 2 === 0 ? on : off)
    }
    expect([sources.length, clock.pendingTimers]).toEqual([1, 1])
    flags.close()
  })

  it('says what is wrong with an answer, and keeps the good one', async () => {
    const failures = [
      [{ status: 401 }, 'answers_unauthorized'],
      [{ status: 403 }, 'answers_unauthorized'],
      [{ status: 500 }, 'answers_unreachable'],
      [{ status: 429 }, 'answers_unreachable'],
      [{ status: 404 }, 'answers_unreadable'],
      [answerOf('<html>'), 'answers_unreadable'],
      [{ json: () => Promise.reject(new SyntaxError('no')) }, 'answers_unreadable'],
    ] as const
    for (const [answer, code] of failures) {
      const page = { answers: on, eventSource: undefined }
      const { flags, settle, told } = openPage(page, answer)
      await settle()
      expect(told).toEqual(['stale', code])
      expect(flags.isEnabled('on')).toBe(true)
      flags.close()
    }
  })

  it('gives up a fetch that hangs', async () => {
    const page = { answers: on, eventSource: undefined }
    const { flags, clock, told } = openPage(page, new Promise(() => {}))
    await clock.advance(9_999)
    expect(told).toEqual([])
    await clock.advance(1)
    expect(told).toEqual(['stale', 'answers_unreachable'])
    flags.close()
  })

  it('polls where the page may open no stream at all, and survives damaged events', async () => {
    class Forbidden {
      constructor() {
        throw new Error('Content Security Policy')
      }
    }
    const forbidden = openPage({ answers: off, eventSource: Forbidden as never })
    forbidden.answers.push(answerOf(on))
    await forbidden.settle()
    expect(forbidden.flags.isEnabled('on')).toBe(true)
    forbidden.flags.close()
    const { flags, source, answers, settle, told } = openPage({ answers: on })
    answers.push(answerOf(on))
    await settle()
    source().say('sheet', '{oops')
    await settle()
    expect(told).toEqual(['answers_unreadable', 'live'])
    expect(flags.isEnabled('on')).toBe(true)
    flags.close()
  })

  it('follows only while somebody is connected, and never after it was closed', async () => {
    const { flags, sources, settle, source } = openPage({ answers: off, isConnected: false })
    await settle()
    expect(sources).toHaveLength(0)
    const stops = [flags.connect(), flags.connect()]
    await settle()
    expect(sources).toHaveLength(1)
    stops[0]!()
    stops[0]!()
    expect(source().isClosed).toBe(false)
    stops[1]!()
    expect(source().isClosed).toBe(true)
    flags.connect()
    await settle()
    expect(sources).toHaveLength(2)
    flags.close()
    source().say('sheet', on)
    expect(flags.isEnabled('on')).toBe(false)
    flags.connect()
    await settle()
    expect(sources).toHaveLength(2)
  })

  it('asks nobody where it runs on a server', async () => {
    const { flags, settle, clock, sources, fetched } = openPage({ isConnected: false })
    await settle()
    expect([sources.length, fetched.length, clock.pendingTimers]).toEqual([0, 0, 0])
    expect(flags.status).toBe('empty')
  })
})
