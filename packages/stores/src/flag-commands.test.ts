import { join } from 'node:path'
import type { Answer } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore } from './file.ts'
import type { FlagClient } from './flag-client.ts'
import { note, off, on, useFlags, write } from './open-flags.fixture.ts'
import type { Store } from './store.ts'

const fixture = useFlags({ beforeEach, afterEach })

const colours = {
  variants: { red: 'red', blue: 'blue' },
  ...{ enabled: true, serve: 'red', rollout: 100, environments: ['production'] },
}
const exposureOf = (client: FlagClient, key = 'a') => client.snapshot().inspect(key)?.exposure
const logOf = async (client: FlagClient) =>
  (await fixture.store.read(0))
    .map(({ action }) => action)
    .concat(`${client.replica.head.revision}`)

describe('a command', () => {
  it('writes one commit that says who, what, where and why, and is served when it resolves', async () => {
    const { client } = await fixture.live({ definitions: { a: on } })
    const commit = await client.setRollout('a', 0, { ...note, ticket: 'OPS-1' })
    expect(commit).toMatchObject({
      ...{ revision: 1, actor: 'ann', reason: 'a test', ticket: 'OPS-1' },
      ...{ action: 'set_rollout', environment: 'production' },
      changes: [{ key: 'exposure/production/a', value: { rollout: 0 } }],
    })
    expect(client.evaluate('a', 'ada')).toMatchObject({ value: false, flagRevision: 1 })
  })

  it('moves only what it is about', async () => {
    const { client } = await fixture.live({ definitions: { a: { ...colours, enabled: false } } })
    await client.setRollout('a', 12.5, note)
    expect(exposureOf(client)).toEqual({ rollout: 12.5 })
    await client.setSplit('a', { red: 90, blue: 10 }, note)
    await client.enable('a', note)
    await client.disable('a', note)
    expect(exposureOf(client)).toEqual({
      ...{ enabled: false, rollout: 12.5, split: { red: 90, blue: 10 } },
    })
    await client.enable('a', note)
    await client.setSplit('a', { blue: 100 }, note)
    await client.setRollout('a', 100, note)
    expect(client.string('a', 'ada', 'none')).toBe('blue')
  })

  it('reaches another client with its next look', async () => {
    const definitions = { a: off }
    const one = await fixture.live({ definitions })
    const { watch: _, ...silent } = fixture.store
    const other = await fixture.live({ definitions, store: silent })
    await one.client.enable('a', note)
    expect(other.client.isEnabled('a', 'ada')).toBe(false)
    await other.client.replica.refresh()
    expect(other.client.evaluate('a', 'ada')).toMatchObject({ value: true, flagRevision: 1 })
    expect(other.changes).toEqual([['a']])
    await one.client.disable('a', note)
    await fixture.clock.advance(1_000)
    expect(other.client.isEnabled('a', 'ada')).toBe(false)
  })

  it('rests on what the other client wrote last, over a file store too', async () => {
    const directory = join(fixture.folder, 'log')
    const stores = [createFileStore({ directory, create: true }), createFileStore({ directory })]
    const definitions = { a: off }
    // The first makes the folder; the second would miss it, and look again when the clock is moved.
    const one = await fixture.live({ store: stores[0]!, definitions })
    const other = await fixture.live({ store: stores[1]!, definitions })
    await one.client.setRollout('a', 25, note)
    await other.client.enable('a', note)
    await one.client.setSplit('a', { on: 50, off: 50 }, note)
    expect(exposureOf(one.client)).toEqual({
      ...{ enabled: true, rollout: 25, split: { on: 50, off: 50 } },
    })
    for (const { client } of [one, other]) await client.close()
    for (const store of stores) await store.close()
  })

  it('works before the client was ever live', async () => {
    const first = fixture.open({ definitions: { a: off } })
    await first.enable('a', note)
    await fixture.open({ definitions: { a: off } }).disable('a', note)
    await first.replica.refresh()
    expect(exposureOf(first)).toEqual({ enabled: false })
  })

  it('repairs what was written badly past it', async () => {
    const { client } = await fixture.live({ definitions: { a: on } })
    await write(client, { 'exposure/production/a': { rollout: 'all', enabled: 1 } })
    await client.disable('a', note)
    expect(client.isEnabled('a', 'ada')).toBe(false)
    expect(exposureOf(client)).toEqual({ enabled: false })
  })
})

describe('a command that asks for what cannot be', () => {
  type Ask = (client: FlagClient) => Promise<unknown>
  const wrong = <T>(value: unknown) => value as T
  const asks: [string, Ask, object][] = [
    ...[Number.NaN, 101, -1, '50', null, undefined, Number.POSITIVE_INFINITY, 50n, {}].map(
      (percent): [string, Ask, object] => [
        `a rollout of ${typeof percent} ${String(percent)}`,
        (client) => client.setRollout('a', wrong<number>(percent), note),
        { code: expect.stringMatching(/^(invalid_type|out_of_range)$/), flag: 'a' },
      ],
    ),
    [
      'an unknown flag',
      (client) => client.disable('b', note),
      { code: 'flag_not_found', flag: 'b' },
    ],
    ['a flag of every object', (c) => c.enable('constructor', note), { code: 'flag_not_found' }],
    ['no flag', (c) => c.enable(wrong<string>(undefined), note), { code: 'flag_not_found' }],
    [
      'an unknown variant',
      (client) => client.setSplit('a', { red: 50, green: 50 }, note),
      { code: 'missing_variant', pointer: '/a/split/green' },
    ],
    ['a split of 90', (c) => c.setSplit('a', { red: 90 }, note), { code: 'invalid_value' }],
    ['an empty split', (c) => c.setSplit('a', {}, note), { code: 'invalid_value' }],
    ['a split that is none', (c) => c.setSplit('a', wrong({ red: '100' }), note), { flag: 'a' }],
    ['no split', (c) => c.setSplit('a', wrong(undefined), note), { code: 'invalid_type' }],
    ['no reason', (c) => c.enable('a', wrong({ actor: 'ann' })), { pointer: '/reason' }],
    [
      'an empty reason',
      (c) => c.disable('a', { actor: 'ann', reason: ' ' }),
      { pointer: '/reason' },
    ],
    ['no actor', (c) => c.setRollout('a', 5, wrong({ reason: 'x' })), { pointer: '/actor' }],
    ['no note', (c) => c.disable('a', wrong(undefined)), { code: 'invalid_commit' }],
    ['a bad ticket', (c) => c.enable('a', { ...note, ticket: '' }), { pointer: '/ticket' }],
  ]

  it.each(asks)('gets a typed error and writes nothing: %s', async (_, ask, error) => {
    const { client, errors, changes } = await fixture.live({ definitions: { a: colours } })
    await expect(ask(client)).rejects.toMatchObject({
      ...{ name: 'SluiceError', code: expect.any(String) },
      ...error,
    })
    expect(await fixture.store.read(0)).toEqual([])
    expect([errors, changes]).toEqual([[], []])
  })

  it('is not in service where nobody saw whether it was written', async () => {
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
    const { client } = await fixture.live({
      definitions: { a: off },
      store: fixture.storeWith({ append: () => Promise.reject(full), read: async () => [] }),
    })
    const asked = client.enable('a', note)
    const refused = expect(asked).rejects.toMatchObject({ code: 'outcome_unknown' })
    await fixture.clock.advance(10_000)
    await refused
    expect(client.isEnabled('a', 'ada')).toBe(false)
  })
})

describe('two who move a flag at the same moment', () => {
  /** The store, where somebody else acts each time just before an append. */
  function interrupted(act: () => Promise<unknown>, times = 1): Store {
    let left = times
    return fixture.storeWith({
      append: async (commit) => {
        if (left > 0) {
          left -= 1
          await act()
        }
        return fixture.store.append(commit)
      },
    })
  }

  it('do not overwrite each other: the later one is told by whom', async () => {
    const definitions = { a: on }
    const other = await fixture.live({ definitions })
    const { client } = await fixture.live({
      definitions,
      store: interrupted(() => other.client.setRollout('a', 5, { ...note, actor: 'bob' })),
    })
    await expect(client.setRollout('a', 50, note)).rejects.toMatchObject({
      ...{ code: 'conflict', message: expect.stringContaining('by bob') },
    })
    expect(exposureOf(client)).toEqual({ rollout: 5 })
    expect(await logOf(client)).toEqual(['set_rollout', '1'])
  })

  it('do not stand in each other’s way on different flags', async () => {
    const definitions = { a: on, b: on }
    const other = await fixture.live({ definitions })
    const { client } = await fixture.live({
      definitions,
      store: interrupted(() => other.client.disable('b', note)),
    })
    await client.disable('a', note)
    expect(valuesOf(client.evaluateAll('ada'))).toEqual({ a: false, b: false })
  })

  it('end with the flag off where one of them pulled the kill switch', async () => {
    const definitions = { a: on }
    const other = await fixture.live({ definitions })
    let percent = 10
    const { client } = await fixture.live({
      definitions,
      store: interrupted(() => other.client.setRollout('a', percent++, note), 3),
    })
    await client.disable('a', note)
    expect(exposureOf(client)).toEqual({ enabled: false, rollout: 12 })
    expect(await logOf(client)).toEqual([
      ...['set_rollout', 'set_rollout', 'set_rollout', 'disable', '4'],
    ])
  })

  it('end with the flag off where the switch was pulled under a ramp', async () => {
    const definitions = { a: on }
    const other = await fixture.live({ definitions })
    const { client } = await fixture.live({
      definitions,
      store: interrupted(() => other.client.disable('a', note)),
    })
    await expect(client.setRollout('a', 100, note)).rejects.toMatchObject({ code: 'conflict' })
    expect(client.isEnabled('a', 'ada')).toBe(false)
  })

  it('end with an error where somebody fights the kill switch without end', async () => {
    const definitions = { a: on }
    const other = await fixture.live({ definitions })
    const { client } = await fixture.live({
      definitions,
      store: interrupted(() => other.client.setRollout('a', 1, note), 1_000),
    })
    await expect(client.disable('a', note)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('notice that the definition was exchanged under a split', async () => {
    const definitions = { a: colours }
    const other = await fixture.live({ definitions })
    const { client } = await fixture.live({
      definitions,
      store: interrupted(() => write(other.client, { 'flag/a': on })),
    })
    await expect(client.setSplit('a', { blue: 100 }, note)).rejects.toMatchObject({
      ...{ code: 'conflict', message: expect.stringContaining('flag/a') },
    })
  })
})

describe('the kill switch', () => {
  it('works where a split names variants that this code no longer has', async () => {
    const before = await fixture.live({ definitions: { a: colours } })
    await before.client.setSplit('a', { blue: 100 }, note)
    const { client, errors } = await fixture.live({ definitions: { a: on } })
    expect(errors.map(({ code }) => code)).toEqual(['exposure_misfit'])
    await client.disable('a', note)
    expect(client.isEnabled('a', 'ada')).toBe(false)
    // Processes with the code before keep their split.
    expect(exposureOf(client)).toEqual({ enabled: false, split: { blue: 100 } })
  })
})

describe('the kill switch, and nothing else,', () => {
  it('works on a flag that could not say what to serve', async () => {
    const { client } = await fixture.live({
      definitions: { a: { variants: { red: 'red' }, environments: ['production'] } },
    })
    await write(client, { 'exposure/production/a': { enabled: true, rollout: 50 } })
    const unserved = { code: 'nothing_to_serve' }
    await expect(client.setRollout('a', 60, note)).rejects.toMatchObject(unserved)
    await expect(client.enable('a', note)).rejects.toMatchObject(unserved)
    await client.disable('a', note)
    expect(exposureOf(client)).toEqual({ enabled: false, rollout: 50 })
  })
})

describe('a process without the definitions', () => {
  it('turns a flag off that the log knows, and moves its percentage', async () => {
    const service = await fixture.live({ definitions: { a: on } })
    await service.client.setRollout('a', 50, note)
    const operator = await fixture.live({})
    await operator.client.disable('a', note)
    await operator.client.setRollout('a', 5, note)
    await service.client.replica.refresh()
    expect(exposureOf(service.client)).toEqual({ enabled: false, rollout: 5 })
    expect(service.client.isEnabled('a', 'ada')).toBe(false)
  })

  it('keeps the split that stands, and cannot set another', async () => {
    const service = await fixture.live({ definitions: { a: colours } })
    await service.client.setSplit('a', { red: 90, blue: 10 }, note)
    const operator = await fixture.live({})
    await operator.client.disable('a', note)
    const refused = operator.client.setSplit('a', { red: 100, blue: 0 }, note)
    await expect(refused).rejects.toMatchObject({ code: 'flag_not_found' })
    await service.client.replica.refresh()
    expect(exposureOf(service.client)).toEqual({ enabled: false, split: { red: 90, blue: 10 } })
  })

  it('cannot touch a flag that nobody knows', async () => {
    const operator = await fixture.live({})
    await expect(operator.client.disable('a', note)).rejects.toMatchObject({
      code: 'flag_not_found',
    })
    expect(await logOf(operator.client)).toEqual(['0'])
  })
})

describe('history', () => {
  it('holds the commits about a flag in every environment, oldest first', async () => {
    const definitions = { a: on, 'a/b': on, b: on }
    const { client } = await fixture.live({ definitions })
    const staging = await fixture.live({ definitions, environment: 'staging' })
    await client.setRollout('a', 5, note)
    await staging.client.disable('a', note)
    await client.disable('a/b', note)
    await client.disable('b', note)
    await write(client, { 'flag/a': off })
    await write(client, { 'rollout/production/a': { phase: 'running' }, 'segment/a': null })
    await write(client, { 'segment/a': null, 'flag/ab': off, 'exposure/a/a/b/a': 1 })
    const revisions = async (key: string) =>
      (await client.history(key)).map(({ revision }) => revision)
    expect(await revisions('a')).toEqual([1, 2, 5, 6])
    expect(await revisions('a/b')).toEqual([3])
    expect(await revisions('a/b/a')).toEqual([7])
    expect(await revisions('nothing')).toEqual([])
  })
})

function valuesOf(answers: readonly Answer[]) {
  return Object.fromEntries(answers.map(({ flagKey, value }) => [flagKey, value]))
}
