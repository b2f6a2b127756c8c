import { describe, expect, it } from 'vitest'
import { answerOf, deferred, openPage, sheetOf } from './browser.fixture.ts'
import type { FetchedAnswer } from './platform.ts'

const off = sheetOf({ on: false })
const on = sheetOf({ on: true }, { revision: 2 })

describe('a listener that closes the flags it hears of', () => {
  for (const event of ['change', 'status'] as const) {
    it(`ends the stream for good, at "${event}"`, async () => {
      const { flags, clock, sources, source, settle } = openPage({ answers: off })
      await settle()
      flags.on(event, () => flags.close())
      source().say('sheet', on)
      await clock.advance(3_600_000)
      expect([sources.length, source().isClosed, clock.pendingTimers]).toEqual([1, true, 0])
    })

    it(`ends polling for good, at "${event}"`, async () => {
      const page = { answers: off, eventSource: undefined }
      const { flags, clock, fetched, settle } = openPage(page, answerOf(on))
      flags.on(event, () => flags.close())
      await settle()
      await clock.advance(3_600_000)
      expect([fetched.length, clock.pendingTimers]).toEqual([1, 0])
    })
  }

  it('ends all looks for good, at "error"', async () => {
    const polling = openPage({ answers: off, eventSource: undefined })
    polling.flags.on('error', () => polling.flags.close())
    await polling.clock.advance(3_600_000)
    expect([polling.fetched.length, polling.clock.pendingTimers]).toEqual([1, 0])
    const streaming = openPage({ answers: off })
    streaming.flags.on('error', () => streaming.flags.close())
    await streaming.settle()
    streaming.source().say('sheet', '{oops')
    await streaming.clock.advance(3_600_000)
    expect([streaming.fetched.length, streaming.clock.pendingTimers]).toEqual([0, 0])
  })
})

describe('a listener that changes the user', () => {
  it('leaves one stream, and no word of the old one', async () => {
    const bo = sheetOf({ on: false }, { targetingKey: 'bo' })
    const { flags, clock, sources, source, settle } = openPage({ answers: off }, answerOf(bo))
    await settle()
    const stop = flags.on('change', () => {
      stop()
      void flags.setContext({ id: 'bo' })
    })
    source().say('sheet', on)
    await settle()
    source().say('beat', 15_000)
    await clock.advance(40_000)
    expect(sources.filter(({ isClosed }) => !isClosed)).toHaveLength(1)
    expect(flags.getSnapshot().targetingKey).toBe('bo')
    flags.close()
    expect(clock.pendingTimers).toBe(0)
  })

  it('is not told that answers are live which are gone', async () => {
    const { flags, source, settle, told } = openPage({ answers: off })
    await settle()
    const stop = flags.on('change', () => {
      stop()
      flags.setContext({ id: 1n as never }).catch(() => {})
    })
    source().say('sheet', on)
    expect([flags.status, told.at(-1)]).toEqual(['empty', 'change on'])
    flags.close()
  })
})

describe('connecting while the user changes', () => {
  it('waits for the new answers, and follows them once', async () => {
    const { promise, resolve } = deferred<Partial<FetchedAnswer>>()
    const page = { answers: off, isConnected: false }
    const { flags, sources, settle } = openPage(page, promise)
    const changed = flags.setContext({ id: 'bo' })
    const stop = flags.connect()
    await settle()
    expect(sources).toHaveLength(0)
    resolve(answerOf(sheetOf({ on: true }, { targetingKey: 'bo' })))
    await changed
    await settle()
    expect(sources).toHaveLength(1)
    stop()
    expect(sources[0]!.isClosed).toBe(true)
  })
})
