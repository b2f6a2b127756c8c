import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { answerOf, openPage, sheetOf } from './browser.fixture.ts'
import { fetchSheet, type SheetRequest } from './fetch-sheet.ts'
import type { Fetch } from './platform.ts'

const sheet = sheetOf({ on: true })

function requestOf(more: Partial<SheetRequest>): SheetRequest {
  const clock = createManualClock()
  return {
    url: '/answers',
    fetch: undefined,
    clock,
    withCredentials: false,
    tag: undefined,
    ...more,
  }
}

describe('fetchSheet', () => {
  it('sends cookies to another origin only where it is told to', async () => {
    const sent: string[] = []
    const fetch: Fetch = async (_, { credentials }) => {
      sent.push(credentials)
      return { status: 200, headers: { get: () => null }, json: async () => sheet }
    }
    for (const withCredentials of [false, true]) {
      await fetchSheet(requestOf({ fetch, withCredentials }))
    }
    expect(sent).toEqual(['same-origin', 'include'])
  })

  it('lets go of a request that takes too long', async () => {
    const clock = createManualClock()
    let signal: AbortSignal | undefined
    const fetch: Fetch = (_, init) => {
      signal = init.signal
      return new Promise(() => {})
    }
    const fetched = fetchSheet(requestOf({ fetch, clock })).catch(({ message }: Error) => message)
    await clock.advance(9_999)
    expect(signal?.aborted).toBe(false)
    await clock.advance(1)
    expect([signal?.aborted, await fetched]).toEqual([true, expect.stringContaining('10000 ms')])
  })

  it('gives up an answer whose body does not end', async () => {
    const clock = createManualClock()
    const endless = { ...answerOf(sheet), status: 200, json: () => new Promise<never>(() => {}) }
    const fetched = fetchSheet(requestOf({ clock, fetch: async () => endless as never }))
    const failed = fetched.catch(({ code }: { code: string }) => code)
    await clock.advance(10_000)
    expect(await failed).toBe('answers_unreachable')
  })

  it('says that there is nothing to fetch with', async () => {
    await expect(fetchSheet(requestOf({}))).rejects.toThrow('there is no `fetch` here')
  })
})

describe('a page with cookies of another origin', () => {
  it('names them to its stream, its looks and its events', async () => {
    const opened: boolean[] = []
    const sent: string[] = []
    class Stream {
      constructor(_: string, init: { withCredentials: boolean }) {
        opened.push(init.withCredentials)
      }
      addEventListener() {}
      close() {}
    }
    for (const withCredentials of [false, true]) {
      const fetch: Fetch = async (_, { method = 'GET', credentials }) => {
        sent.push(`${method} ${credentials}`)
        return { status: 204, headers: { get: () => null }, json: async () => sheet }
      }
      const page = openPage({ eventSource: Stream as never, fetch, withCredentials })
      await page.settle()
      page.flags.track('purchase')
      await page.flags.setContext().catch(() => {})
      page.flags.close()
    }
    expect(new Set(opened)).toEqual(new Set([false, true]))
    expect(sent.toSorted()).toEqual([
      ...['GET include', 'GET same-origin', 'POST include', 'POST same-origin'],
    ])
  })
})
