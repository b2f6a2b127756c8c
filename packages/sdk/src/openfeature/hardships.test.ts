import {
  type EvaluationContext,
  type Hook,
  OpenFeature,
  ProviderEvents,
} from '@openfeature/server-sdk'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFlagSet, createMemoryStore, type Flags, openFlags, SluiceError } from '../index.ts'
import { createOpenFeatureProvider } from '../openfeature.ts'

const environment = 'production'
const on = { enabled: true, rollout: 100, environments: [environment] }
const note = { actor: 'ada', reason: 'test' }
const silent = () => {}

let clock = createManualClock()
const opened: Flags[] = []

beforeEach(() => {
  clock = createManualClock()
  OpenFeature.setLogger({ error: silent, warn: silent, info: silent, debug: silent })
})
afterEach(async () => {
  OpenFeature.clearHooks()
  OpenFeature.setContext({})
  await OpenFeature.clearProviders()
  for (const each of opened.splice(0)) await each.close()
})

async function open() {
  const definitions = { plain: on, half: { ...on, rollout: 50 } }
  const flags = openFlags({ store: createMemoryStore(), clock, definitions, environment })
  opened.push(flags)
  await flags.ready()
  return flags
}

describe('a provider that is registered in several places', () => {
  it('opens its flags once, and tells each change once', async () => {
    let times = 0
    const provider = createOpenFeatureProvider(
      async () => {
        times += 1
        return open()
      },
      { clock },
    )
    await Promise.all([provider.initialize?.(), provider.initialize?.()])
    await provider.initialize?.()
    expect(times).toBe(1)
    let heard = 0
    provider.events?.addHandler(ProviderEvents.ConfigurationChanged, () => {
      heard += 1
    })
    await opened[0]!.setRollout('plain', 0, note)
    expect(heard).toBe(1)
    await provider.onClose?.()
    await provider.onClose?.()
    await provider.initialize?.()
    expect(times).toBe(2)
    await provider.onClose?.()
  })

  it('goes on where one of its domains gets another one', async () => {
    const provider = createOpenFeatureProvider(() => open(), { clock })
    for (const domain of ['a', 'b']) await OpenFeature.setProviderAndWait(domain, provider)
    const other = createOpenFeatureProvider(createFlagSet({}, { environment }))
    await OpenFeature.setProviderAndWait('a', other)
    expect(await OpenFeature.getClient('a').getBooleanValue('plain', false)).toBe(false)
    expect(await OpenFeature.getClient('b').getBooleanValue('plain', false)).toBe(true)
  })
})

describe('flags that are refused after the time for them was over', () => {
  it('are told of, unless the provider was closed by then', async () => {
    for (const isClosed of [false, true]) {
      let refuse: (cause: Error) => void = () => {}
      const opening = new Promise<Flags>((_, reject) => {
        refuse = reject
      })
      const provider = createOpenFeatureProvider(() => opening, { clock, timeoutMs: 100 })
      const messages: unknown[] = []
      provider.events?.addHandler(ProviderEvents.Error, (details) => {
        messages.push(details?.message)
      })
      const begun = provider.initialize?.().catch(({ message }: Error) => message)
      await clock.advance(100)
      expect(await begun).toContain('No flags came within 100 ms')
      if (isClosed) await provider.onClose?.()
      refuse(new Error('the cable is cut'))
      await clock.advance(0)
      expect(messages).toEqual(isClosed ? [] : ['The flags could not be opened: the cable is cut'])
    }
  })
})

describe('initialize', () => {
  it('tells no changes of flags that nobody has asked yet', async () => {
    const store = createMemoryStore()
    const definitions = { plain: on }
    const first = openFlags({ store, clock, definitions, environment })
    opened.push(first)
    await first.setRollout('plain', 0, note)
    const events: string[] = []
    const flags = openFlags({ store, clock, definitions, environment })
    opened.push(flags)
    flags.on('change', () => events.push('the log'))
    const provider = createOpenFeatureProvider(flags, { clock })
    provider.events?.addHandler(ProviderEvents.ConfigurationChanged, () => {
      events.push('the provider')
    })
    await provider.initialize?.()
    expect(events).toEqual(['the log'])
    await provider.onClose?.()
  })

  it('shares its time between opening the flags and waiting for them', async () => {
    const store = { ...createMemoryStore(), read: () => Promise.reject(new Error('cut')) }
    const waits: boolean[] = []
    let isDone = false
    const provider = createOpenFeatureProvider(
      async () => {
        await new Promise<void>((resolve) => clock.after(3_000, resolve))
        const flags = openFlags({ store, clock, definitions: { plain: on }, environment })
        opened.push(flags)
        return flags
      },
      { clock },
    )
    void provider.initialize?.().then(() => {
      isDone = true
    })
    for (const ms of [4_999, 1]) {
      await clock.advance(ms)
      waits.push(isDone)
    }
    expect(waits).toEqual([false, true])
    await provider.onClose?.()
  })

  it('waits no longer where the clock is set back by an hour meanwhile', async () => {
    let setBackMs = 0
    const shaken = { now: () => clock.now() - setBackMs, after: clock.after }
    const never = new Promise<never>(() => {})
    const store = { ...createMemoryStore(), read: () => never, readSnapshot: () => never }
    const opening = async () => {
      setBackMs = 3_600_000
      const flags = openFlags({ store, clock, environment })
      opened.push(flags)
      return flags
    }
    let isOver = false
    const provider = createOpenFeatureProvider(opening, { clock: shaken, timeoutMs: 5_000 })
    const waiting = provider.initialize?.().finally(() => {
      isOver = true
    })
    const refused = expect(waiting).rejects.toThrow('No flags came within 5000 ms')
    await clock.advance(5_000)
    expect(isOver).toBe(true)
    await refused
  })

  it('keeps a process alive while it waits, and leaves no timer behind', async () => {
    const timers: (boolean | undefined)[] = []
    let cancelled = 0
    const counting: typeof clock = {
      ...clock,
      after(delayMs, wake, options) {
        timers.push(options?.keepsAlive)
        const cancel = clock.after(delayMs, wake, options)
        return () => {
          cancelled += 1
          cancel()
        }
      },
    }
    const flags = await open()
    const provider = createOpenFeatureProvider(flags, { clock: counting })
    await provider.initialize?.()
    expect(timers.length).toBeGreaterThan(0)
    expect(timers.every((keepsAlive) => keepsAlive === true)).toBe(true)
    expect(cancelled).toBe(timers.length)
    await provider.onClose?.()
  })

  it('may be tried again where a store could not be reached', async () => {
    const away = new SluiceError('store_unreachable', 'The cable is cut.')
    const provider = createOpenFeatureProvider(() => Promise.reject(away), { clock })
    await expect(OpenFeature.setProviderAndWait(provider)).rejects.toThrow('The cable is cut.')
    expect(OpenFeature.getClient().providerStatus).toBe('ERROR')
  })
})

describe('what applications hand over', () => {
  it('is never a reason to throw', async () => {
    await OpenFeature.setProviderAndWait(createOpenFeatureProvider(await open()))
    const circular: Record<string, unknown> = { targetingKey: 'ada' }
    circular.self = circular
    const contexts = [
      { targetingKey: 'ada', at: new Date(Number.NaN), nothing: undefined, big: 1n, list: [[]] },
      { targetingKey: 'ada', nested: { deep: { date: new Date(0) } }, call: silent, [Symbol()]: 1 },
      circular,
      Object.assign(Object.create(null), { targetingKey: 'ada' }),
    ]
    const client = OpenFeature.getClient()
    const expected = opened[0]!.isEnabled('half', 'ada')
    for (const context of contexts) {
      const details = await client.getBooleanDetails('half', !expected, context as never)
      expect(details).toMatchObject({ value: expected, reason: 'SPLIT' })
    }
    for (const targetingKey of [undefined, null, '', {}, Number.NaN]) {
      const context = { targetingKey } as never
      const details = await client.getBooleanDetails('half', true, context)
      expect([targetingKey, details.value, details.errorCode]).toEqual([
        ...[targetingKey, true, 'TARGETING_KEY_MISSING'],
      ])
    }
  })

  it('is merged by the SDK, and the nearest key places the user', async () => {
    await OpenFeature.setProviderAndWait('merged', createOpenFeatureProvider(await open()))
    const client = OpenFeature.getClient('merged')
    OpenFeature.setContext({ targetingKey: 'api' })
    const placed = async (context?: EvaluationContext) =>
      (await client.getBooleanDetails('half', false, context)).value
    for (const key of ['ada', 'bo', 'cy', 'di', 'ed']) {
      expect(await placed({ targetingKey: key })).toBe(opened[0]!.isEnabled('half', key))
    }
    expect(await placed()).toBe(opened[0]!.isEnabled('half', 'api'))
  })

  it('may be hooks that throw: the default is served, and the flag is not asked for', async () => {
    const flags = await open()
    const asked: string[] = []
    flags.onAnswer(({ flagKey }) => asked.push(flagKey))
    await OpenFeature.setProviderAndWait(createOpenFeatureProvider(flags))
    const fail = () => {
      throw new Error('hook')
    }
    const ask = async (hook: Hook) => {
      const options = { hooks: [hook] }
      return OpenFeature.getClient().getBooleanDetails('plain', false, {}, options)
    }
    expect(await ask({ before: fail })).toMatchObject({ value: false, errorCode: 'GENERAL' })
    expect(asked).toEqual([])
    expect(await ask({ finally: fail, error: fail })).toMatchObject({ value: true })
    // The answer that all share was not spoilt by one that failed behind it.
    expect(await ask({ after: fail })).toMatchObject({ value: false, errorCode: 'GENERAL' })
    expect(await ask({})).toMatchObject({ value: true, reason: 'STATIC' })
  })

  it('is counted by the flags that are open, and is no question to them', async () => {
    const provider = createOpenFeatureProvider(open, { clock })
    for (const turn of [0, 1]) {
      await OpenFeature.setProviderAndWait(provider)
      const flags = opened[turn]!
      await flags.replica.commit({
        ...{ ...note, action: 'test', environment },
        changes: [{ key: `rollout/${environment}/plain`, value: { phase: 'running' } }],
      })
      let asked = 0
      flags.onAnswer(() => {
        asked += 1
      })
      OpenFeature.getClient().track('purchase', { targetingKey: 'ada' })
      expect(flags.health('plain').read().canary.series?.purchase?.count).toBe(1)
      expect(asked).toBe(0)
      await OpenFeature.clearProviders()
    }
  })

  it('may be amounts that are none: those events are dropped', async () => {
    const flags = await open()
    await flags.replica.commit({
      ...{ ...note, action: 'test', environment },
      changes: [{ key: `rollout/${environment}/plain`, value: { phase: 'running' } }],
    })
    await OpenFeature.setProviderAndWait(createOpenFeatureProvider(flags))
    const client = OpenFeature.getClient()
    const amounts = [Number.NaN, -1, Number.POSITIVE_INFINITY, '5', null, {}, 5n, true]
    for (const value of amounts) {
      client.track('purchase', { targetingKey: 'ada' }, { value: value as never })
    }
    for (const name of ['', 'x'.repeat(65), undefined, {}]) {
      client.track(name as never, { targetingKey: 'ada' })
    }
    expect(flags.health('plain').read().canary.series).toBeUndefined()
    expect(flags.health('plain').dropped).toBe(amounts.length + 4)
    client.track('purchase', { targetingKey: 'ada' }, { value: 0, currency: 'EUR' })
    expect(flags.health('plain').read().canary.series?.purchase?.count).toBe(1)
  })
})
