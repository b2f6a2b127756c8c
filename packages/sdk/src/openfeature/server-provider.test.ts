import { type Hook, OpenFeature, ProviderEvents } from '@openfeature/server-sdk'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createFlagSet,
  createMemoryStore,
  defineFlags,
  type FlagDefinitions,
  openFlags,
} from '../index.ts'
import { createOpenFeatureProvider } from '../openfeature.ts'

const environment = 'production'
const on = { enabled: true, rollout: 100, environments: [environment] }
const note = { actor: 'ada', reason: 'test' }
const silent = () => {}

let clock = createManualClock()
let opened: { close(): Promise<void> }[] = []

beforeEach(() => {
  clock = createManualClock()
  OpenFeature.setLogger({ error: silent, warn: silent, info: silent, debug: silent })
})
afterEach(async () => {
  await OpenFeature.clearProviders()
  for (const each of opened) await each.close()
  opened = []
})

/** A store that can be lost. */
function createLosableStore() {
  const store = createMemoryStore({ clock })
  const losable = {
    ...store,
    isLost: false,
    async read(after: number, limit?: number) {
      if (losable.isLost) throw new Error('the cable is cut')
      return store.read(after, limit)
    },
  }
  return losable
}

function open(definitions: FlagDefinitions, store = createLosableStore()) {
  const flags = openFlags({ store, clock, definitions, environment, pollMs: 1_000 })
  opened.push(flags)
  return Object.assign(flags, { store })
}

/** Sets the provider, with the clock going on meanwhile, and notes its events. */
async function register(...parameters: Parameters<typeof createOpenFeatureProvider>) {
  const [flags, options = {}] = parameters
  const provider = createOpenFeatureProvider(flags, { clock, ...options })
  const client = OpenFeature.getClient()
  const events: [string, unknown][] = []
  for (const name of Object.values(ProviderEvents)) {
    provider.events?.addHandler(name, (details) => {
      events.push([name, details])
    })
  }
  const set = OpenFeature.setProviderAndWait(provider)
  let outcome = 'waiting'
  set.then(
    () => {
      outcome = client.providerStatus
    },
    (error: Error) => {
      outcome = error.message
    },
  )
  await clock.advance(0)
  return { client, provider, events, outcome: () => outcome }
}

describe('a resolver', () => {
  it('answers each type with its variant, its reason and what is known of the flag', async () => {
    const { client } = await register(
      open({
        plain: on,
        limits: {
          ...on,
          kind: 'operational',
          owner: 'payments',
          tags: ['checkout', 'limits'],
          metadata: { ticket: 'A-1', owner: 'somebody else' },
          variants: { low: 5, high: 50 },
          serve: 'low',
          rules: [{ id: 'pro', if: { attribute: 'plan', is: 'pro' }, serve: 'high' }],
        },
        list: { ...on, variants: { on: [1, 2] } },
        text: { ...on, variants: { a: 'A', b: 'B' }, split: { a: 100, b: 0 } },
      }),
    )
    expect(await client.getBooleanDetails('plain', false)).toEqual({
      ...{ flagKey: 'plain', value: true, variant: 'on', reason: 'STATIC', flagMetadata: {} },
    })
    expect(await client.getNumberDetails('limits', 0, { plan: 'pro' })).toEqual({
      ...{ flagKey: 'limits', value: 50, variant: 'high', reason: 'TARGETING_MATCH' },
      flagMetadata: {
        ...{ kind: 'operational', owner: 'somebody else', tags: 'checkout,limits' },
        ...{ rule: 'pro', ticket: 'A-1' },
      },
    })
    expect(await client.getNumberDetails('limits', 0, {})).toMatchObject({
      ...{ value: 5, variant: 'low', reason: 'DEFAULT' },
    })
    expect(await client.getObjectValue('list', [])).toEqual([1, 2])
    expect(await client.getStringDetails('text', '', 'ada' as never)).toMatchObject({ value: '' })
    expect(await client.getStringDetails('text', '', { targetingKey: 'ada' })).toMatchObject({
      ...{ value: 'A', variant: 'a', reason: 'SPLIT' },
    })
  })

  it('names the revision that last changed the flag, from the moment it did', async () => {
    const flags = open({ plain: on })
    const { client } = await register(flags)
    expect((await client.getBooleanDetails('plain', true)).flagMetadata).toEqual({})
    await flags.setRollout('plain', 0, note)
    expect(await client.getBooleanDetails('plain', true)).toMatchObject({
      ...{ value: false, flagMetadata: { version: '1' } },
    })
  })

  it('gives the default, and says why, where the flag has no answer of that type', async () => {
    const { client } = await register(
      createFlagSet(
        {
          half: { ...on, rollout: 50, owner: 'payments' },
          text: { ...on, variants: { a: 'A' }, serve: 'a', rollout: 0 },
          none: { ...on, variants: { a: null }, serve: 'a' },
        },
        { environment },
      ),
    )
    const error = { reason: 'ERROR', value: true }
    expect(await client.getBooleanDetails('missing', true)).toMatchObject({
      ...{ ...error, errorCode: 'FLAG_NOT_FOUND', errorMessage: 'there is no flag "missing"' },
    })
    expect(await client.getBooleanDetails('half', true)).toMatchObject({
      ...{ ...error, errorCode: 'TARGETING_KEY_MISSING', flagMetadata: { owner: 'payments' } },
    })
    expect(await client.getNumberDetails('half', 7, { targetingKey: 'ada' })).toMatchObject({
      ...{ value: 7, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' },
      errorMessage: 'flag "half" serves a boolean, and a number was asked for',
    })
    expect(await client.getObjectDetails('none', [7])).toMatchObject({
      ...{ value: [7], errorCode: 'TYPE_MISMATCH' },
      errorMessage: 'flag "none" serves null, and an object was asked for',
    })
    expect(await client.getStringDetails('text', 'mine')).toEqual({
      ...{ flagKey: 'text', value: 'mine', reason: 'STATIC', flagMetadata: {} },
    })
  })

  it('neither throws nor rejects, whatever it is asked with', async () => {
    const flags = createFlagSet(
      { ruled: { ...on, rules: [{ if: { attribute: 'plan', is: 'pro' } }] } },
      { environment },
    )
    const { resolveBooleanEvaluation } = createOpenFeatureProvider(flags)
    const context = {
      get plan(): string {
        throw new Error('no plan')
      },
    }
    const logger = { error: silent, warn: silent, info: silent, debug: silent }
    expect(await resolveBooleanEvaluation('ruled', true, context, logger)).toMatchObject({
      ...{ value: true, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' },
    })
    expect(
      await resolveBooleanEvaluation(Symbol('x') as never, true, null as never, logger),
    ).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' })
  })

  it('takes dates for instants and pointers into nested attributes', async () => {
    const { client } = await register(
      createFlagSet(
        {
          dated: {
            ...on,
            rules: [{ if: { attribute: 'since', before: '2026-01-01' } }],
            serve: 'off',
          },
          nested: {
            ...on,
            rules: [{ if: { attribute: '/address/country', is: 'FR' } }],
            serve: 'off',
          },
        },
        { environment },
      ),
    )
    const reasonOf = async (key: string, context: object) =>
      (await client.getBooleanDetails(key, false, context as never)).reason
    expect(await reasonOf('dated', { since: new Date('2025-06-01') })).toBe('TARGETING_MATCH')
    expect(await reasonOf('dated', { since: new Date('2026-06-01') })).toBe('DEFAULT')
    expect(await reasonOf('nested', { address: { country: 'FR' } })).toBe('TARGETING_MATCH')
  })

  it('serves what defineFlags made, even a flag that is named like a method', async () => {
    const { client } = await register(
      defineFlags({ snapshot: { ...on, owner: 'payments' } }, { environment }),
    )
    expect(await client.getBooleanDetails('snapshot', false)).toMatchObject({
      ...{ value: true, flagMetadata: { owner: 'payments' } },
    })
    expect((await client.getBooleanDetails('toString', false)).errorCode).toBe('FLAG_NOT_FOUND')
  })

  it('makes the details of an answer once, and nobody can change them', async () => {
    const { provider } = await register(createFlagSet({ plain: on }, { environment }))
    const logger = { error: silent, warn: silent, info: silent, debug: silent }
    const ask = () => provider.resolveBooleanEvaluation('plain', false, {}, logger)
    expect(ask()).toBe(ask())
    expect(Object.isFrozen(await ask())).toBe(true)
  })

  it('counts as a question to the flags, where these are counted', async () => {
    const store = createMemoryStore({ clock })
    const flags = openFlags({
      ...{ store, clock, definitions: { plain: on }, environment, countAsked: true },
    })
    const { client } = await register(flags)
    await client.getBooleanValue('plain', false)
    await flags.close()
    expect(JSON.stringify(await store.read(0))).toContain('"variants":{"on":1}')
  })

  it('runs the hooks of the provider', async () => {
    const seen: string[] = []
    const hook: Hook = { before: ({ flagKey }) => void seen.push(flagKey) }
    const { client } = await register(createFlagSet({ plain: on }, { environment }), {
      hooks: [hook],
    })
    await client.getBooleanValue('plain', false)
    expect(seen).toEqual(['plain'])
  })
})

describe('the provider', () => {
  it('is ready once the flags are live, and tells which ones changed', async () => {
    const flags = open({ plain: on, other: on })
    const { client, events, outcome } = await register(flags)
    expect(outcome()).toBe('READY')
    expect(events).toEqual([])
    await flags.setRollout('plain', 0, note)
    expect(events).toEqual([[ProviderEvents.ConfigurationChanged, { flagsChanged: ['plain'] }]])
    expect(client.providerStatus).toBe('READY')
  })

  it('is stale while the store is away, says why, and is ready again after', async () => {
    const flags = open({ plain: on })
    const { client, events } = await register(flags)
    flags.store.isLost = true
    await clock.advance(10_000)
    expect(client.providerStatus).toBe('STALE')
    expect(await client.getBooleanValue('plain', false)).toBe(true)
    flags.store.isLost = false
    await clock.advance(120_000)
    expect(client.providerStatus).toBe('READY')
    expect(events).toEqual([
      [ProviderEvents.Stale, { message: expect.stringContaining('the cable is cut') }],
      [ProviderEvents.Ready, {}],
    ])
  })

  it('starts stale from the definitions alone, after the time it was given', async () => {
    const flags = open({ plain: on })
    flags.store.isLost = true
    const { client, outcome } = await register(flags, { timeoutMs: 3_000 })
    await clock.advance(2_999)
    expect([outcome(), client.providerStatus]).toEqual(['waiting', 'NOT_READY'])
    await clock.advance(1)
    expect(outcome()).toBe('STALE')
    expect(await client.getBooleanValue('plain', false)).toBe(true)
  })

  it('is in error while nothing at all is known, and ready when something is', async () => {
    const flags = open({})
    flags.store.isLost = true
    const { client, events, outcome } = await register(flags)
    await clock.advance(5_000)
    expect(outcome()).toMatch(/^No flags came within 5000 ms, .* the cable is cut/)
    expect(client.providerStatus).toBe('ERROR')
    flags.store.isLost = false
    await clock.advance(120_000)
    expect(client.providerStatus).toBe('READY')
    expect(events).toEqual([[ProviderEvents.Ready, {}]])
  })

  it('opens flags itself where it is given a function, and closes those', async () => {
    const flags = open({ plain: on })
    const close = vi.spyOn(flags, 'close')
    const { client, provider } = await register(async () => flags)
    expect(await client.getBooleanValue('plain', false)).toBe(true)
    await OpenFeature.clearProviders()
    expect(close).toHaveBeenCalledOnce()
    const logger = { error: silent, warn: silent, info: silent, debug: silent }
    expect(await provider.resolveBooleanEvaluation('plain', false, {}, logger)).toMatchObject({
      ...{ value: false, errorCode: 'PROVIDER_NOT_READY' },
    })
  })

  it('leaves flags open that were handed in, and hears of them no more', async () => {
    const flags = open({ plain: on })
    const { provider, events } = await register(flags)
    await OpenFeature.clearProviders()
    await flags.setRollout('plain', 0, note)
    expect(flags.isEnabled('plain')).toBe(false)
    expect(events).toEqual([])
    await OpenFeature.setProviderAndWait(provider)
    await flags.setRollout('plain', 50, note)
    expect(events).toHaveLength(1)
  })

  it('closes flags that open after it was closed', async () => {
    const flags = open({ plain: on })
    const close = vi.spyOn(flags, 'close')
    let answer: (opened: typeof flags) => void = () => {}
    const opening = new Promise<typeof flags>((resolve) => {
      answer = resolve
    })
    await register(() => opening)
    await OpenFeature.clearProviders()
    await clock.advance(0)
    expect(close).not.toHaveBeenCalled()
    answer(flags)
    await clock.advance(0)
    expect(close).toHaveBeenCalledOnce()
  })

  it('is in error while opening takes too long, and ready when it is done', async () => {
    const flags = open({ plain: on })
    let answer: (opened: typeof flags) => void = () => {}
    const opening = new Promise<typeof flags>((resolve) => {
      answer = resolve
    })
    const { client, outcome, events } = await register(() => opening, { timeoutMs: 100 })
    await clock.advance(100)
    expect(outcome()).toContain('No flags came within 100 ms')
    answer(flags)
    await clock.advance(0)
    expect(client.providerStatus).toBe('READY')
    expect(events).toEqual([[ProviderEvents.Ready, {}]])
    expect(await client.getBooleanValue('plain', false)).toBe(true)
  })

  it('is fatal for what is refused, and in error for what may heal', async () => {
    const refused = () => openFlags({ definitions: { plain: { rollout: 101 } } })
    const { client, outcome } = await register(refused)
    expect(client.providerStatus).toBe('FATAL')
    expect(outcome()).toContain('/plain/rollout')
    const away = await register(() => Promise.reject(new Error('the cable is cut')))
    expect(away.client.providerStatus).toBe('ERROR')
    expect(away.outcome()).toBe('The flags could not be opened: the cable is cut')
  })
})

describe('track', () => {
  const begin = (flags: ReturnType<typeof open>, key: string, phase: string) =>
    flags.replica.commit({
      ...{ ...note, action: 'test', environment },
      changes: [{ key: `rollout/${environment}/${key}`, value: { phase } }],
    })

  it('counts an event under its arm for each flag whose rollout is under way', async () => {
    const flags = open({ new: on, old: { ...on, rollout: 0 }, done: on, idle: on })
    const { client } = await register(flags)
    await begin(flags, 'new', 'running')
    await begin(flags, 'old', 'holding')
    await begin(flags, 'done', 'completed')
    client.track('purchase', { targetingKey: 'ada' }, { value: 20 })
    client.track('purchase', { targetingKey: 'bo' })
    const count = (key: string) => {
      const { canary, stable } = flags.health(key).read()
      return [canary, stable].map(({ series }) => series?.purchase?.count ?? 0)
    }
    expect(count('new')).toEqual([2, 0])
    expect(count('old')).toEqual([0, 2])
    expect(count('done')).toEqual([0, 0])
    expect(count('idle')).toEqual([0, 0])
    const { values = [] } = flags.health('new').read().canary.series?.purchase ?? {}
    expect([...values].reduce((sum, each) => sum + each, 0)).toBe(1)
    await begin(flags, 'new', 'completed')
    client.track('purchase', { targetingKey: 'ada' })
    expect(count('new')).toEqual([2, 0])
  })

  it('counts nobody who cannot be placed, and nothing where nothing is counted', async () => {
    const flags = open({ half: { ...on, rollout: 50 } })
    const { client } = await register(flags)
    await begin(flags, 'half', 'running')
    client.track('purchase', {})
    expect(flags.health('half').read().stable.series).toBeUndefined()
    const fixed = createOpenFeatureProvider(createFlagSet({ plain: on }, { environment }))
    expect(() => fixed.track?.('purchase', {}, {})).not.toThrow()
  })
})
