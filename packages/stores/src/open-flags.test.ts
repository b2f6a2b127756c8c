import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DefinitionsDocument } from '@sluice/core/schema'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore } from './file.ts'
import { note, off, on, useFlags, write } from './open-flags.fixture.ts'
import { openFlags } from './open-flags.ts'

const fixture = useFlags({ beforeEach, afterEach })

describe('openFlags', () => {
  it('answers at once from the definitions, and becomes live by itself', async () => {
    const { client, statuses } = fixture.hear({ definitions: { a: on } })
    expect(client.status).toBe('bootstrap')
    expect(client.isEnabled('a', 'ada')).toBe(true)
    expect(client.environment).toBe('production')
    expect(await client.ready()).toBe(true)
    expect(client.status).toBe('live')
    expect(statuses).toEqual(['live'])
  })

  it('stands at defaults without a definition, and answers unknown flags with what was asked for', () => {
    const client = fixture.open()
    expect(client.status).toBe('defaults')
    expect(client.isEnabled('a', 'ada')).toBe(false)
    expect(client.string('a', 'ada', 'blue')).toBe('blue')
    expect(client.evaluate('a', 'ada')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
    expect(client.evaluateAll('ada')).toEqual([])
  })

  it('tells that it has come from defaults to bootstrap when a source delivers late', async () => {
    let deliver = () => {}
    let document: DefinitionsDocument = { version: 1, flags: { a: on }, segments: {} }
    const { client, statuses } = fixture.hear({
      store: fixture.storeWith({ read: () => Promise.reject(new Error('gone')) }),
      definitionsFrom: {
        origin: 'later',
        start({ accept }) {
          deliver = () => accept(document)
          return () => {}
        },
      },
    })
    deliver()
    expect(client.isEnabled('a', 'ada')).toBe(true)
    expect(client.explain('a', 'ada').origin).toBe('later')
    expect(statuses).toEqual(['bootstrap'])
    await client.close()
    document = { ...document, flags: {} }
    deliver()
    expect(client.isEnabled('a', 'ada')).toBe(true)
  })

  it('stays in service as cached while the store fails, and says so once per look', async () => {
    let isDown = false
    const flaky = fixture.storeWith({
      read: async (after, limit) => {
        if (isDown) throw new Error('connection refused')
        return fixture.store.read(after, limit)
      },
    })
    const { client, errors, statuses } = await fixture.live({
      store: flaky,
      definitions: { a: on },
    })
    await client.disable('a', note)
    isDown = true
    await fixture.clock.advance(1_000)
    expect(client.status).toBe('cached')
    expect(client.isEnabled('a', 'ada')).toBe(false)
    expect(errors.map(({ code }) => code)).toEqual(['store_unreachable'])
    await expect(client.enable('a', note)).rejects.toMatchObject({ code: 'store_unreachable' })
    isDown = false
    await fixture.clock.advance(60_000)
    expect(statuses).toEqual(['live', 'cached', 'live'])
  })

  it('answers from the cache on disk before the store does', async () => {
    const cache = join(fixture.folder, 'flags.json')
    const first = await fixture.live({ definitions: { a: on }, cache })
    await write(first.client, { 'flag/b': on, 'exposure/production/a': { enabled: false } })
    await first.client.close()

    const { client, changes, errors } = fixture.hear({
      store: fixture.storeWith({ read: () => new Promise(() => {}) }),
      definitions: { a: on },
      cache,
    })
    expect(client.isEnabled('a', 'ada')).toBe(true)
    await fixture.until(() => client.status !== 'bootstrap')
    expect(client.status).toBe('cached')
    expect(client.isEnabled('a', 'ada')).toBe(false)
    expect(client.isEnabled('b', 'ada')).toBe(true)
    expect(client.evaluate('a', 'ada').flagRevision).toBe(1)
    expect(changes.map((keys) => [...keys].sort())).toEqual([['a', 'b']])
    expect(errors).toEqual([])
  })

  it('passes over a damaged cache and says so', async () => {
    const cache = join(fixture.folder, 'flags.json')
    writeFileSync(cache, '{"revision":')
    const { client, errors } = await fixture.live({ definitions: { a: on }, cache })
    expect(errors.map(({ code }) => code)).toEqual(['corrupt_cache'])
    expect(client.isEnabled('a', 'ada')).toBe(true)
  })

  it('works over a file store, and finds everything again after a restart', async () => {
    const directory = join(fixture.folder, 'log')
    const store = createFileStore({ directory, create: true })
    const first = await fixture.live({ store, definitions: { a: off } })
    await first.client.enable('a', note)
    await first.client.close()
    const { client } = await fixture.live({ store, definitions: { a: off } })
    expect(client.isEnabled('a', 'ada')).toBe(true)
    expect((await client.history('a')).map(({ action }) => action)).toEqual(['enable'])
    await client.close()
    await store.close()
  })

  it('refuses bad definitions and leaves nothing running', () => {
    expect(() => fixture.open({ definitions: { a: { rollout: 101 } } })).toThrowError(
      expect.objectContaining({ code: 'out_of_range', flag: 'a', pointer: '/a/rollout' }),
    )
    expect(() => fixture.open({ definitions: { a: { prerequisites: ['b'] } } })).toThrowError(
      expect.objectContaining({ code: 'missing_flag' }),
    )
    expect(() => fixture.open({ segments: { s: { any: [] } } })).toThrowError(
      expect.objectContaining({ pointer: '/s/any' }),
    )
    expect(fixture.clock.pendingTimers).toBe(0)
  })

  it.each(['', 'eu/production', 'production ', '/', '..', 'a\nb', '__proto__', 'x'.repeat(65), 7])(
    'refuses the environment %j, which its log keys could not tell apart',
    (environment) => {
      expect(() => fixture.open({ environment: environment as string })).toThrowError(
        expect.objectContaining({
          code: 'invalid_environment',
          message: expect.stringContaining(JSON.stringify(environment)),
        }),
      )
    },
  )

  it('takes environments of any alphabet, and development by default', async () => {
    const { client } = await fixture.live({
      environment: 'производство-2.eu_1',
      definitions: { a: { enabled: true, rollout: 100, environments: ['производство-2.eu_1'] } },
    })
    expect(client.isEnabled('a', 'ada')).toBe(true)
    await client.disable('a', note)
    expect(client.isEnabled('a', 'ada')).toBe(false)
    const plain = openFlags({ store: fixture.store, clock: fixture.clock })
    expect(plain.environment).toBe('development')
    await plain.close()
  })
})

describe('the events of a client', () => {
  it('come to every listener though one throws, and to nobody who left', async () => {
    const { client, errors } = await fixture.live({ definitions: { a: off } })
    client.on('error', () => {
      throw new Error('deaf')
    })
    client.on('change', () => {
      throw new Error('broken listener')
    })
    const seen: unknown[] = []
    const leave = client.on('change', (keys) => seen.push([keys, client.isEnabled('a', 'ada')]))
    await client.enable('a', note)
    leave()
    await client.disable('a', note)
    expect(seen).toEqual([[['a'], true]])
    expect(errors.map(({ code }) => code)).toEqual(['listener_failed', 'listener_failed'])
    expect(errors[0]?.message).toContain('broken listener')
  })

  it('name no flag where nothing can have changed for this environment', async () => {
    const { client, changes } = await fixture.live({ definitions: { a: off } })
    await write(client, {
      'exposure/staging/a': { enabled: true },
      'exposure/production/unknown': { enabled: true },
      'approval/1': { by: 'ann' },
    })
    expect(changes).toEqual([])
    await write(client, { 'exposure/production/a': { rollout: 5 } })
    expect(changes).toEqual([['a']])
  })
})

describe('close', () => {
  it('stops everything, twice if need be, and answers go on', async () => {
    const { client, changes } = await fixture.live({ definitions: { a: on } })
    await client.close()
    await client.close()
    expect(fixture.clock.pendingTimers).toBe(0)
    const other = fixture.open({ definitions: { a: on } })
    await other.disable('a', note)
    await fixture.clock.advance(5_000)
    expect(changes).toEqual([])
    expect(client.isEnabled('a', 'ada')).toBe(true)
    expect(await client.ready()).toBe(false)
    await expect(client.disable('a', note)).rejects.toMatchObject({ code: 'replica_closed' })
  })

  it('is safe right after opening, while the cache is still read', async () => {
    const client = fixture.open({
      definitions: { a: on },
      cache: join(fixture.folder, 'flags.json'),
    })
    await client.close()
    expect(fixture.clock.pendingTimers).toBe(0)
  })
})
