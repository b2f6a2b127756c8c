import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type AnsweringSet, answersHandler } from '../answers.ts'
import { hasTag, openFlags } from '../index.ts'

const note = { actor: 'ada', reason: 'test' }
const on = { enabled: true, rollout: 100, environments: ['test'] }

/** A handler of one public flag and one that is private, which says how often it made a sheet. */
async function open() {
  const clock = createManualClock()
  const definitions = { shown: { ...on, tags: ['public'] }, secret: on }
  const flags = openFlags({ store: createMemoryStore(), environment: 'test', definitions, clock })
  await flags.ready()
  const define = (key: string, tags: readonly string[]) =>
    flags.replica.commit({
      ...{ ...note, action: 'define' },
      changes: [{ key: `flag/${key}`, value: { ...on, tags } }],
    })
  let made = 0
  const counting = {
    replica: flags.replica,
    on: flags.on,
    snapshot(): AnsweringSet {
      const set = flags.snapshot()
      const { environment, revision } = set
      return {
        ...{ environment, revision, inspect: (key) => set.inspect(key as 'shown') },
        evaluateAll(...asked) {
          made += 1
          return set.evaluateAll(...asked)
        },
      }
    },
  }
  const handle = answersHandler(counting, {
    ...{ contextOf: () => 'ada', isPublic: hasTag('public'), clock },
  })
  onTestFinished(async () => {
    handle.close()
    await flags.close()
  })
  const idleTimers = clock.pendingTimers
  const follow = async () => {
    const headers = { accept: 'text/event-stream' }
    const { body } = await handle(new Request('http://localhost/', { headers }))
    const seen: (readonly string[])[] = []
    const reader = body!.getReader()
    const read = async (): Promise<void> => {
      const { done, value } = await reader.read()
      if (done) return
      const data = /^data: (\{.*)$/m.exec(new TextDecoder().decode(value))?.[1]
      if (data !== undefined) seen.push(Object.keys(JSON.parse(data).answers))
      return read()
    }
    void read()
    await clock.advance(1)
    return { seen, leave: () => reader.cancel() }
  }
  return {
    ...{ clock, flags, define, handle, follow, made: () => made },
    timers: () => clock.pendingTimers - idleTimers,
  }
}

describe('a flag that becomes private', () => {
  it('leaves open pages at once', async () => {
    const { clock, define, follow } = await open()
    const { seen, leave } = await follow()
    await define('shown', [])
    await clock.advance(10)
    expect(seen).toEqual([['shown'], []])
    await define('shown', ['public'])
    await clock.advance(10)
    await define('shown', [])
    await clock.advance(10)
    expect(seen).toEqual([['shown'], [], ['shown'], []])
    // While nobody followed it was shown again, and nobody heard of it.
    await leave()
    await define('shown', ['public'])
    const next = await follow()
    await define('shown', [])
    await clock.advance(10)
    expect(next.seen).toEqual([['shown'], []])
  })

  it('costs nothing from then on', async () => {
    const { clock, flags, define, follow, made } = await open()
    const { seen } = await follow()
    await define('secret', ['mine'])
    await clock.advance(10)
    const before = made()
    for (const rollout of [0, 50, 100]) await flags.setRollout('secret', rollout, note)
    await clock.advance(10)
    expect([made() - before, seen]).toEqual([0, [['shown']]])
  })
})

describe('a revision that nobody wrote', () => {
  it('keeps nothing waiting for who has left', async () => {
    const { clock, handle, timers } = await open()
    const abort = new AbortController()
    const request = new Request('http://localhost/?revision=999999', { signal: abort.signal })
    const answer = handle(request)
    await clock.advance(200)
    expect(timers()).toBe(1)
    abort.abort()
    await clock.advance(200)
    expect([timers(), (await answer).status]).toEqual([0, 200])
  })

  it('keeps no server from closing', async () => {
    const { clock, handle, timers } = await open()
    const answer = handle(new Request('http://localhost/?revision=999999'))
    await clock.advance(200)
    handle.close()
    await clock.advance(200)
    expect([timers(), (await answer).status]).toEqual([0, 200])
  })
})

describe('a session of nobody', () => {
  it.each([[undefined], [null], ['']])('that is %j is answered with 401', async (context) => {
    const { flags } = await open()
    const handle = answersHandler(flags, {
      ...{ contextOf: async () => context, isPublic: () => true, events: ['purchase'] },
    })
    const ask = (init: RequestInit) => handle(new Request('http://localhost/', init))
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
    for (const init of [{}, { headers }, { method: 'POST', headers, body: '{"events":[]}' }]) {
      const answer = await ask(init)
      expect([answer.status, await answer.json()]).toEqual([401, { message: 'Sign in first.' }])
    }
  })
})
