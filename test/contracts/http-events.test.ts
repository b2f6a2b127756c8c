import type { ServerResponse } from 'node:http'
import { type Clock, createReplica, type Store } from '@sluice/stores'
import { createLogHandler, toNodeListener } from '@sluice/stores/http'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock, type ManualClock } from '@sluice/stores/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { serveHttp } from '../services/http.ts'
import {
  chainOf,
  closeAll,
  draft,
  failureOf,
  fill,
  keep,
  open,
  serveLog,
  until,
} from './http.fixture.ts'

afterEach(closeAll)

/** A memory store that counts its watches. */
function countWatches() {
  const memory = createMemoryStore()
  const count = { begun: 0, ended: 0 }
  const store: Store = {
    ...memory,
    async watch(wake) {
      count.begun += 1
      const stop = await memory.watch!(wake)
      return () => {
        count.ended += 1
        stop()
      }
    },
  }
  return { store, count }
}

/** A server whose event streams a test holds in its hand. */
async function serveEvents() {
  const streams: ServerResponse[] = []
  const server = await serveHttp((_, response) => {
    streams.push(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': welcome\n\n')
  })
  return keep({ ...server, streams })
}

/** Lets time pass until the condition holds, too little of it for any other timer. */
async function pass(clock: ManualClock, condition: () => boolean): Promise<void> {
  await until(() => {
    if (condition()) return true
    void clock.advance(10)
    return false
  })
}

describe('the event stream of a log', () => {
  it('shares one watch among all who follow, and ends it with the last', async () => {
    const { store, count } = countWatches()
    // No heartbeat finds out who has gone: their leaving does.
    const client = open(await serveLog(store, { clock: createManualClock() }))
    const woken = new Set<number>()
    const stops = await Promise.all(
      Array.from({ length: 30 }, (_, index) => client.watch!(() => woken.add(index))),
    )
    expect(count).toEqual({ begun: 1, ended: 0 })
    await fill(store, chainOf(1))
    await until(() => woken.size === 30)
    for (const stop of stops.slice(1)) stop()
    woken.clear()
    await fill(store, [...chainOf(2)].slice(1))
    await until(() => woken.size > 0)
    expect([count.ended, ...woken]).toEqual([0, 0])
    stops[0]!()
    await until(() => count.ended === 1)
    await client.watch!(() => {})
    expect(count).toEqual({ begun: 2, ended: 1 })
  })

  it('owes one wake-up, and not thousands, to a reader that is slow', async () => {
    const clock = createManualClock()
    let wake = () => {}
    const store: Store = {
      ...createMemoryStore(),
      watch: async (given) => {
        wake = given
        return () => {}
      },
    }
    const handler = createLogHandler(store, { authorize: () => 'read', clock })
    const { body } = await handler(new Request('http://x/v1/events'))
    for (let index = 0; index < 10_000; index += 1) wake()
    await clock.advance(600_000)
    const reader = body!.getReader()
    const texts: string[] = []
    const read = async () => {
      const { done, value } = await reader.read()
      if (!done) texts.push(new TextDecoder().decode(value))
      return done
    }
    await read()
    await read()
    wake()
    await read()
    handler.close()
    expect(await read()).toBe(true)
    expect(texts).toEqual([': welcome\n\n', 'data: wake\n\n', 'data: wake\n\n'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('beats while it is silent, and tries a watch again that failed', async () => {
    const clock = createManualClock()
    let tries = 0
    const store: Store = {
      ...createMemoryStore(),
      async watch() {
        tries += 1
        if (tries < 3) throw new Error('not now')
        return () => {}
      },
    }
    const handler = createLogHandler(store, { authorize: () => 'read', clock })
    const { body } = await handler(new Request('http://x/v1/events'))
    const reader = body!.getReader()
    await reader.read()
    for (let beat = 0; beat < 4; beat += 1) {
      const beating = reader.read()
      await clock.advance(15_000)
      expect(new TextDecoder().decode((await beating).value)).toBe(': heartbeat\n\n')
    }
    expect(tries).toBe(3)
    await reader.cancel()
    expect(clock.pendingTimers).toBe(0)
  })

  it('begins though the store does not answer, and watches anew after an outage', async () => {
    const clock = createManualClock()
    const { store, count } = countWatches()
    let isAway = false
    const handler = createLogHandler(
      {
        ...store,
        read: async (after, limit) => {
          if (isAway) throw Object.assign(new Error('away'), { code: 'store_unreachable' })
          return store.read(after, limit)
        },
      },
      { authorize: () => 'read', clock },
    )
    await handler(new Request('http://x/v1/events'))
    isAway = true
    await handler(new Request('http://x/v1/commits'))
    isAway = false
    await clock.advance(15_000)
    expect(count).toEqual({ begun: 2, ended: 1 })
    const silent = createLogHandler(
      { ...store, watch: () => new Promise(() => {}) },
      { authorize: () => 'read', clock },
    )
    const opening = silent(new Request('http://x/v1/events'))
    await clock.advance(5_000)
    expect((await opening).status).toBe(200)
    silent.close()
    handler.close()
  })

  it('ends with its handler, so that a server can close', async () => {
    const handler = createLogHandler(createMemoryStore(), { authorize: () => 'read' })
    const server = await serveHttp(toNodeListener(handler))
    const { body } = await fetch(`${server.url}/v1/events`)
    const reader = body!.getReader()
    await reader.read()
    handler.close()
    expect((await reader.read()).done).toBe(true)
    await server.close()
  })
})

describe('watching over HTTP', () => {
  it('is refused where the stream cannot begin, and leaves nothing running', async () => {
    const clock = createManualClock()
    for (const [status, type, code] of [
      [401, 'text/html', 'store_unauthorized'],
      [404, 'text/html', 'store_missing'],
      [503, 'text/html', 'store_unreachable'],
      [200, 'text/html', 'store_unreachable'],
      [200, 'application/json', 'store_unreachable'],
    ] as const) {
      const server = keep(
        await serveHttp((_, response) => {
          response.writeHead(status, { 'content-type': type }).end('x')
        }),
      )
      expect(await failureOf(open(server, { clock }).watch!(() => {}))).toMatchObject({ code })
    }
    expect(clock.pendingTimers).toBe(0)
  })

  it('comes back when the stream is cut, and wakes, for something may have been missed', async () => {
    const clock = createManualClock()
    const { streams, ...server } = await serveEvents()
    let wakes = 0
    const stop = await open(server, { clock, random: () => 0 }).watch!(() => {
      wakes += 1
    })
    streams[0]!.write('data: wake\n\n')
    await until(() => wakes === 1)
    for (const cut of ['destroy', 'end'] as const) {
      streams.at(-1)![cut]()
      const before = streams.length
      await pass(clock, () => streams.length === before + 1 && wakes > before)
    }
    expect([streams.length, wakes]).toEqual([3, 3])
    stop()
    stop()
    await until(() => streams[2]!.destroyed)
    expect(clock.pendingTimers).toBe(0)
  })

  it('holds 45 seconds of silence for death, and no less', async () => {
    const clock = createManualClock()
    const { streams, ...server } = await serveEvents()
    await open(server, { clock, random: () => 0 }).watch!(() => {})
    // The first text has come when the time begins anew.
    await until(() => clock.pendingTimers === 1)
    for (let beat = 0; beat < 3; beat += 1) {
      await clock.advance(44_000)
      let wakes = 0
      const other = await open(server, { clock }).watch!(() => {
        wakes += 1
      })
      streams[0]!.write(': heartbeat\n\n')
      streams.at(-1)!.write('data: wake\n\n')
      // Behind the heartbeat, on the same loop.
      await until(() => wakes === 1)
      other()
    }
    expect(streams[0]!.destroyed).toBe(false)
    await clock.advance(45_000)
    await until(() => streams[0]!.destroyed)
    const before = streams.length
    await pass(clock, () => streams.length === before + 1)
  })

  it('waits no longer for the first sign of life', async () => {
    const clock = createManualClock()
    const streams: ServerResponse[] = []
    const server = keep(
      await serveHttp((_, response) => {
        streams.push(response)
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      }),
    )
    await open(server, { clock }).watch!(() => {})
    await clock.advance(44_999)
    expect(clock.pendingTimers).toBe(1)
    await clock.advance(1)
    await until(() => streams[0]!.destroyed)
  })

  it('tries ever more slowly, up to 30 seconds, but never gives up', async () => {
    const clock = createManualClock()
    const pauses: number[] = []
    let tries = 0
    const server = keep(
      await serveHttp((_, response) => {
        tries += 1
        const retryAfter = { 10: '40', 11: '99999' }[tries]
        if (tries === 1) {
          response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': welcome\n\n')
        } else response.writeHead(503, retryAfter ? { 'retry-after': retryAfter } : {}).end()
      }),
    )
    const watched: Clock = {
      now: clock.now,
      after(delayMs, wake, options) {
        // Neither a request's deadline nor the wait for a sign of life.
        if (!options?.keepsAlive && delayMs !== 45_000) pauses.push(delayMs)
        return clock.after(delayMs, wake, options)
      },
    }
    await open(server, { clock: watched, random: () => 0 }).watch!(() => {})
    for (let round = 1; round <= 13; round += 1) {
      await until(() => pauses.length === round)
      expect(tries).toBe(round)
      await clock.advance(pauses.at(-1)! - 1)
      expect(pauses.length).toBe(round)
      await clock.advance(1)
    }
    const expected = [0.5, 1, 2, 4, 8, 15, 15, 15, 15, 40, 300, 15, 15]
    expect(pauses.slice(0, 13).map((pauseMs) => pauseMs / 1_000)).toEqual(expected)
  })

  it('wakes a replica long before its poll', async () => {
    const { store, count } = countWatches()
    const server = await serveLog(store)
    const replica = keep(createReplica({ store: open(server), pollMs: 3_600_000 }))
    await replica.start()
    await until(() => count.begun === 1)
    await keep(createReplica({ store })).commit(draft('wake'))
    await until(() => replica.head.revision === 1)
  })
})
