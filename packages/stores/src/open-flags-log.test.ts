import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, FlagDefinition, Json } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { genesis, sealCommit } from './chain.ts'
import type { FlagClient } from './flag-client.ts'
import { createMemoryStore } from './memory.ts'
import { note, off, on, useFlags, write } from './open-flags.fixture.ts'

const fixture = useFlags({ beforeEach, afterEach })

const colours = {
  variants: { red: 'red', blue: 'blue' },
  enabled: true,
  environments: ['production'],
}
const serving = (serve: string) => ({ ...colours, serve, rollout: 100 })
const colourOf = (client: FlagClient) => client.string('a', 'ada', 'none')

describe('a definition', () => {
  it('comes from the log, else from the document, else from code, and says from where', async () => {
    const path = join(fixture.folder, 'flags.json')
    writeFileSync(path, JSON.stringify({ version: 1, flags: { a: serving('blue'), b: on } }))
    const definitions = { a: serving('red'), c: on }
    const { client } = await fixture.live({ definitions, definitionsFrom: path })
    const origins = () => ['a', 'b', 'c'].map((key) => client.explain(key, 'ada').origin)
    expect([colourOf(client), ...origins()]).toEqual(['blue', path, path, 'code'])
    await write(client, { 'flag/a': { ...serving('red'), description: 'logged' }, 'flag/c': off })
    expect([colourOf(client), ...origins()]).toEqual(['red', 'log', path, 'log'])
    expect(client.isEnabled('c', 'ada')).toBe(false)
    await write(client, { 'flag/a': null, 'flag/c': null })
    expect([colourOf(client), ...origins()]).toEqual(['blue', path, path, 'code'])
    expect(client.isEnabled('c', 'ada')).toBe(true)
  })

  it('may exist in the log alone, and be gone with it', async () => {
    const { client, changes } = await fixture.live()
    await write(client, { 'flag/a': on })
    expect(client.isEnabled('a', 'ada')).toBe(true)
    await write(client, { 'flag/a': null })
    expect(client.evaluate('a', 'ada').errorCode).toBe('FLAG_NOT_FOUND')
    expect(changes).toEqual([['a'], ['a']])
  })

  it('follows segments, from the log over those from code', async () => {
    const { client, changes } = await fixture.live({
      definitions: { a: { ...on, rollout: 0, rules: [{ if: { segment: 'staff' } }] }, b: off },
      segments: { staff: { attribute: 'team', is: 'core' } },
    })
    const isIn = (team: string) => client.isEnabled('a', { id: 'ada', team })
    expect([isIn('core'), isIn('docs')]).toEqual([true, false])
    await write(client, { 'segment/staff': { attribute: 'team', is: 'docs' } })
    expect([isIn('core'), isIn('docs')]).toEqual([false, true])
    await write(client, { 'segment/staff': null })
    expect([isIn('core'), isIn('docs')]).toEqual([true, false])
    // A segment may decide about any flag.
    expect(changes).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  it.each(['team/checkout', 'a/b/c', 'ünï côdé 🚀', 'constructor', 'toString', 'hasOwnProperty'])(
    'may have the key %j',
    async (key) => {
      const { client, errors } = await fixture.live({ definitions: { [key]: on } })
      await client.setRollout(key, 0, note)
      await write(client, { [`flag/${key}`]: { ...on, description: 'logged' } })
      expect(client.evaluate(key, 'ada')).toMatchObject({ value: false, flagRevision: 2 })
      await write(client, { [`flag/${key}`]: null, [`exposure/production/${key}`]: null })
      expect(client.evaluate(key, 'ada')).toMatchObject({ value: true, flagRevision: 3 })
      const actions = (await client.history(key)).map(({ action }) => action)
      expect([actions, errors]).toEqual([['set_rollout', 'define', 'define'], []])
    },
  )
})

describe('an exposure', () => {
  it('outlives a deploy of new code, and never freezes a rule', async () => {
    const first = await fixture.live({ definitions: { a: { ...on, rollout: 0 } } })
    await first.client.setRollout('a', 100, note)
    await first.client.close()
    const rules = [{ if: { attribute: 'team', is: 'banned' }, rollout: 0 }]
    const { client } = await fixture.live({ definitions: { a: { ...on, rollout: 0, rules } } })
    expect(client.isEnabled('a', { id: 'ada' })).toBe(true)
    expect(client.isEnabled('a', { id: 'ada', team: 'banned' })).toBe(false)
  })

  it('stays over a definition that the log or the document exchanges', async () => {
    const { client } = await fixture.live({ definitions: { a: on } })
    await client.setRollout('a', 0, note)
    await write(client, { 'flag/a': { ...on, description: 'new' } })
    expect(client.isEnabled('a', 'ada')).toBe(false)
    expect(client.snapshot().inspect('a')).toMatchObject({
      definition: { description: 'new' },
      exposure: { rollout: 0 },
    })
  })

  it('waits for a flag that is not there yet', async () => {
    const { client } = await fixture.live()
    await write(client, { 'exposure/production/a': { enabled: true, rollout: 100 } })
    await write(client, { 'flag/a': off })
    expect(client.evaluate('a', 'ada')).toMatchObject({ value: true, flagRevision: 2 })
  })

  it('holds in its own environment only', async () => {
    const { client } = await fixture.live({ definitions: { a: on } })
    await write(client, { 'exposure/staging/a': { enabled: false } })
    expect(client.isEnabled('a', 'ada')).toBe(true)
  })

  it('keeps its switch and percentage where its split names variants that are gone', async () => {
    const { client, errors } = await fixture.live({ definitions: { a: serving('red') } })
    await write(client, { 'exposure/production/a': { split: { green: 100 }, enabled: false } })
    expect(errors).toMatchObject([{ code: 'exposure_misfit', flag: 'a', found: '"green"' }])
    expect(colourOf(client)).toBe('none')
    await client.enable('a', note)
    expect(colourOf(client)).toBe('red')
    await client.setSplit('a', { blue: 100 }, note)
    expect(colourOf(client)).toBe('blue')
  })
})

const bad: [string, Json][] = [
  ['exposure/production/a', { rollout: 101 }],
  ['exposure/production/a', { rollout: '50' }],
  ['exposure/production/a', { enabled: 'no' }],
  ['exposure/production/a', { rolout: 5 }],
  ['exposure/production/a', []],
  ['exposure/production/a', 5],
  ['exposure/production/', { rollout: 5 }],
  ['flag/a', { rollout: -1 }],
  ['flag/a', 'off'],
  ['flag/a', { prerequisites: ['nowhere'] }],
  ['flag/a', { rules: [{ if: { segment: 'nowhere' } }] }],
  ['flag/a', { prerequisites: ['a'] }],
  ['flag/', on],
  ['segment/s', { attribute: 'x' }],
  ['segment/s', { segment: 's' }],
]

describe('something bad in the log', () => {
  it.each(bad)('is refused and reported: %s %j', async (key, value) => {
    const definitions = { a: on, b: on }
    const { client, errors } = await fixture.live({ definitions })
    await write(client, { [key]: value })
    const code = key.startsWith('exposure') ? 'exposure_refused' : 'definition_refused'
    expect(errors).toMatchObject([{ code }])
    expect(errors[0]?.message).toContain(`${key}, revision 1, was refused`)
    expect(client.isEnabled('a', 'ada')).toBe(true)
    expect(client.evaluate('a', 'ada').flagRevision).toBe(0)
    // After a restart it is the same, from the log and from a snapshot.
    for (const restart of ['log', 'snapshot']) {
      if (restart === 'snapshot') await client.replica.snapshot()
      const again = await fixture.live({ definitions })
      expect(again.errors).toMatchObject([{ code }])
      expect(again.client.isEnabled('a', 'ada')).toBe(true)
    }
    // And what is good again is taken.
    await write(client, { [key]: null })
    await client.disable('a', note)
    expect([client.isEnabled('a', 'ada'), errors.length]).toEqual([false, 1])
  })

  it('leaves the other entries of its commit in service, whoever reads it and however', async () => {
    const definitions = { a: on, b: on, c: on, d: on }
    const { client, errors } = await fixture.live({ definitions })
    const listening = await fixture.live({ definitions })
    await write(client, {
      'flag/a': off,
      'flag/b': { rollout: 'all' },
      'flag/c': { prerequisites: ['nowhere'] },
      'flag/new': { ...on, prerequisites: ['newer'] },
      'flag/newer': on,
      'segment/s': { attribute: 'x' },
      'exposure/production/b': { rollout: 1000 },
      'exposure/production/d': { enabled: false },
    })
    await client.replica.snapshot()
    await fixture.clock.advance(0)
    const restarted = await fixture.live({ definitions })
    for (const each of [{ client, errors }, listening, restarted]) {
      expect(valuesOf(each.client.evaluateAll('ada'))).toEqual({
        ...{ a: false, b: true, c: true, d: false, new: true, newer: true },
      })
      expect(each.errors.map(({ message }) => message.split(',')[0]).sort()).toEqual([
        'exposure/production/b',
        'flag/b',
        'flag/c',
        'segment/s',
      ])
    }
  })

  it('keeps the last good one in service, not the one from code', async () => {
    const { client, errors } = await fixture.live({ definitions: { a: on } })
    await write(client, { 'flag/a': off, 'exposure/production/a': { rollout: 7 } })
    await write(client, { 'flag/a': { enabled: 1 }, 'exposure/production/a': { rollout: -7 } })
    expect(errors.length).toBe(2)
    expect(client.snapshot().inspect('a')).toMatchObject({
      ...{ definition: off, exposure: { rollout: 7 }, origin: 'log', revision: 1 },
    })
  })

  it('comes into service by itself once what it needs is there', async () => {
    const { client, errors } = await fixture.live({ definitions: { a: off } })
    await write(client, { 'flag/a': { ...on, rules: [{ if: { segment: 'staff' } }] } })
    await write(client, { 'flag/b': on })
    expect(client.isEnabled('a', 'ada')).toBe(false)
    await write(client, { 'segment/staff': { attribute: 'team', is: 'core' } })
    expect(client.evaluate('a', { id: 'ada' })).toMatchObject({ value: true, flagRevision: 1 })
    expect(errors.map(({ code }) => code)).toEqual(['definition_refused'])
  })

  it('does not take away what others need', async () => {
    const { client, errors } = await fixture.live()
    await write(client, { 'flag/base': on, 'flag/a': { ...on, prerequisites: ['base'] } })
    await write(client, { 'flag/base': null })
    expect(errors[0]?.message).toMatch(/^The deletion of flag\/base, revision 2, was refused/)
    expect(client.isEnabled('a', 'ada')).toBe(true)
    await write(client, { 'flag/a': null })
    expect(client.snapshot().keys()).toEqual([])
  })

  it('is found among very many without trying each', async () => {
    const { client } = await fixture.live()
    const many: Record<string, Json> = {}
    for (let n = 0; n < 2_000; n += 1) many[`flag/f${n}`] = on
    await write(client, { ...many, 'flag/f777': { prerequisites: ['nowhere'] } })
    await client.replica.snapshot()
    const again = await fixture.live()
    expect(again.client.snapshot().keys().length).toBe(1_999)
    expect(again.errors.length).toBe(1)
  })
})

describe('the revision of an answer', () => {
  const revision = (client: FlagClient, key = 'a') => client.evaluate(key, 'ada').flagRevision

  it('is that of the last change to the flag, also after a restart', async () => {
    const definitions: Record<string, FlagDefinition> = { a: on, b: on, c: on }
    const { client } = await fixture.live({ definitions })
    expect(revision(client)).toBe(0)
    await client.setRollout('a', 100, note)
    await client.setRollout('b', 100, note)
    await write(client, { 'flag/c': { ...on, description: 'logged' } })
    await write(client, { 'flag/c': null, 'exposure/staging/a': { rollout: 1 } })
    const asked = ['a', 'b', 'c']
    expect(asked.map((key) => revision(client, key))).toEqual([1, 2, 4])
    await client.replica.snapshot()
    const again = await fixture.live({ definitions })
    expect(asked.map((key) => revision(again.client, key))).toEqual([1, 2, 4])
    expect(again.client.snapshot().revision).toBe(4)
  })

  it('starts anew with a log that replaced the old one, and so does the state', async () => {
    let log = fixture.store
    const moving = {
      ...fixture.store,
      read: (after: number, limit?: number) => log.read(after, limit),
      readSnapshot: () => log.readSnapshot(),
      append: (commit: Parameters<typeof log.append>[0]) => log.append(commit),
    }
    const { client, errors, changes } = await fixture.live({
      store: moving,
      definitions: { a: on, b: on },
    })
    for (const percent of [1, 2, 3]) await client.setRollout('a', percent, note)
    await write(client, { 'flag/x': on, 'flag/b': off })
    log = createMemoryStore()
    const changed = [{ key: 'exposure/production/b', value: { enabled: false } }]
    await log.append(sealCommit({ ...note, action: 'restore', changes: changed }, genesis, 1))
    await client.replica.refresh()
    expect(valuesOf(client.evaluateAll('ada'))).toEqual({ a: true, b: false })
    expect([revision(client, 'a'), revision(client, 'b')]).toEqual([0, 1])
    expect(client.snapshot().revision).toBe(1)
    expect([...(changes.at(-1) ?? [])].sort()).toEqual(['a', 'b', 'x'])
    expect(errors).toEqual([])
  })

  it('is not that of a refused change', async () => {
    const { client } = await fixture.live({ definitions: { a: on } })
    await client.setRollout('a', 100, note)
    await write(client, { 'exposure/production/a': { rollout: 200 } })
    expect(revision(client)).toBe(1)
  })
})

function valuesOf(answers: readonly Answer[]) {
  return Object.fromEntries(answers.map(({ flagKey, value }) => [flagKey, value]))
}
