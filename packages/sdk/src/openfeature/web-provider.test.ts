import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AnswerSheet, SheetAnswer } from '../answer-sheet.ts'
import { type BrowserFlags, createBrowserFlags } from '../browser.ts'
import { createOpenFeatureProvider } from '../openfeature-web.ts'

const silent = () => {}
let clock = createManualClock()
let opened: BrowserFlags[] = []

beforeEach(() => {
  clock = createManualClock()
  OpenFeature.setLogger({ error: silent, warn: silent, info: silent, debug: silent })
})
afterEach(async () => {
  await OpenFeature.clearProviders()
  await OpenFeature.clearContexts()
  for (const each of opened) each.close()
  opened = []
})

function sheetFor(targetingKey: string, answers: Record<string, SheetAnswer>): AnswerSheet {
  return { revision: 1, environment: 'test', targetingKey, answers }
}

const split = (value: SheetAnswer['value'], variant: string): SheetAnswer => ({
  ...{ value, variant, reason: 'SPLIT' },
})

/** A page over a server that knows the sheets of some users, and may be away. */
function openPage(answers?: AnswerSheet, isConnected = true) {
  const server = { isAway: false, asked: 0, url: '', sheets: {} as Record<string, AnswerSheet> }
  const fetch = async (url: string) => {
    server.asked += 1
    server.url = url
    const context = JSON.parse(new URL(url, 'http://a.test').searchParams.get('context') ?? '{}')
    const sheet = server.sheets[context.targetingKey ?? 'nobody']
    if (server.isAway || sheet === undefined) throw new Error('the cable is cut')
    return { status: 200, headers: { get: () => null }, json: async () => sheet }
  }
  const flags = createBrowserFlags({
    ...{ answers, url: '/flags', fetch: fetch as never, eventSource: undefined, clock },
    ...{ pollMs: 1_000, isConnected },
  })
  opened.push(flags)
  return { flags, server }
}

/** Sets the provider, with the clock going on meanwhile, and notes its events. */
async function register(
  flags: Parameters<typeof createOpenFeatureProvider>[0],
  context?: Record<string, string>,
) {
  const provider = createOpenFeatureProvider(flags, { clock })
  const client = OpenFeature.getClient()
  const events: string[] = []
  for (const name of Object.values(ProviderEvents)) {
    provider.events?.addHandler(name, (details) => {
      const { flagsChanged = [] } = { ...(details as { flagsChanged?: string[] }) }
      events.push([name, ...flagsChanged].join(' '))
    })
  }
  let outcome = 'waiting'
  OpenFeature.setProviderAndWait(provider, context ?? {}).then(
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

const adaSheet = sheetFor('ada', {
  plain: split(true, 'on'),
  text: split('A', 'a'),
  limit: split(5, 'low'),
  list: split([1], 'all'),
  empty: { value: null, reason: 'DISABLED' },
})

describe('the provider of a page', () => {
  it('is ready at once with the answers that were rendered, and asks nobody', async () => {
    const { flags, server } = openPage(adaSheet)
    flags.close()
    const { client, outcome } = await register(flags, { targetingKey: 'ada', plan: 'pro' })
    expect(outcome()).toBe('READY')
    expect(server.asked).toBe(1)
    expect(client.getBooleanDetails('plain', false)).toEqual({
      ...{ flagKey: 'plain', value: true, variant: 'on', reason: 'SPLIT', flagMetadata: {} },
    })
    expect(client.getStringValue('text', '')).toBe('A')
    expect(client.getNumberValue('limit', 0)).toBe(5)
    expect(client.getObjectValue('list', [])).toEqual([1])
  })

  it('gives the default, and says why', async () => {
    const { client } = await register(openPage(adaSheet).flags, { targetingKey: 'ada' })
    expect(client.getStringDetails('empty', 'mine')).toMatchObject({
      ...{ value: 'mine', reason: 'DISABLED' },
    })
    expect(client.getBooleanDetails('text', true)).toMatchObject({
      ...{ value: true, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' },
    })
    expect(client.getBooleanDetails('missing', true)).toMatchObject({
      ...{ value: true, errorCode: 'FLAG_NOT_FOUND' },
    })
  })

  it('waits for the first answers, for as long as it may', async () => {
    const { flags, server } = openPage()
    server.isAway = true
    server.sheets.nobody = adaSheet
    const { client, events, outcome } = await register(flags)
    await clock.advance(4_999)
    expect([outcome(), client.providerStatus]).toEqual(['waiting', 'NOT_READY'])
    await clock.advance(1)
    expect(outcome()).toMatch(/^No flags came within 5000 ms/)
    expect(client.providerStatus).toBe('ERROR')
    server.isAway = false
    await clock.advance(120_000)
    expect(client.providerStatus).toBe('READY')
    expect(events).toContain(ProviderEvents.Ready)
    expect(client.getBooleanValue('plain', false)).toBe(true)
  })

  it('asks for the answers of whom the first context names', async () => {
    const { flags, server } = openPage(adaSheet)
    server.sheets.bo = sheetFor('bo', { plain: split(false, 'off') })
    const { client, outcome } = await register(flags, { targetingKey: 'bo' })
    expect(outcome()).toBe('READY')
    expect(client.getBooleanValue('plain', true)).toBe(false)
  })

  it('reconciles a change of user, and is in error where there are no answers of theirs', async () => {
    const { flags, server } = openPage(adaSheet)
    server.sheets.bo = sheetFor('bo', { plain: split(false, 'off') })
    const { client, events } = await register(flags, { targetingKey: 'ada' })
    const changed = OpenFeature.setContext({ targetingKey: 'bo' })
    expect(client.providerStatus).toBe('RECONCILING')
    await changed
    expect(client.providerStatus).toBe('READY')
    expect(client.getBooleanValue('plain', true)).toBe(false)
    expect(events).toContain(`${ProviderEvents.ConfigurationChanged} plain text limit list empty`)
    await OpenFeature.setContext({ targetingKey: 'cy' })
    expect(client.providerStatus).toBe('ERROR')
    expect(client.getBooleanDetails('plain', true)).toMatchObject({
      ...{ value: true, errorCode: 'PROVIDER_NOT_READY' },
    })
  })

  it('asks for a user who came while the flags were opened', async () => {
    const { flags, server } = openPage(adaSheet)
    server.sheets.bo = sheetFor('bo', { plain: split(false, 'off') })
    let answer: (opened: BrowserFlags) => void = () => {}
    const opening = new Promise<BrowserFlags>((resolve) => {
      answer = resolve
    })
    const { client } = await register(() => opening, { targetingKey: 'ada' })
    const changed = OpenFeature.setContext({ targetingKey: 'bo' })
    await clock.advance(0)
    expect(client.providerStatus).toBe('RECONCILING')
    answer(flags)
    await changed
    expect(client.providerStatus).toBe('READY')
    expect(client.getBooleanValue('plain', true)).toBe(false)
    expect(flags.getSnapshot().targetingKey).toBe('bo')
  })

  it('says why there is no answer for whom the first context names', async () => {
    const { flags, server } = openPage(undefined, false)
    const { outcome } = await register(flags, { targetingKey: 'cy' })
    expect(server.asked).toBe(1)
    expect(outcome()).toContain('its server does not answer')
  })

  it('begins stale where the server has gone since the page was made', async () => {
    const { flags, server } = openPage(adaSheet)
    server.isAway = true
    await clock.advance(1_000)
    const { client, outcome } = await register(flags, { targetingKey: 'ada' })
    expect([outcome(), client.providerStatus]).toEqual(['STALE', 'STALE'])
    expect(client.getBooleanValue('plain', false)).toBe(true)
  })

  it('leaves it to the cookie where the context is empty', async () => {
    const { flags, server } = openPage(adaSheet)
    server.sheets.nobody = adaSheet
    await register(flags, { targetingKey: 'ada' })
    await OpenFeature.setContext({})
    expect(server.url).toBe('/flags?revision=1')
  })

  it('asks for attributes without a key, and says why there is no answer', async () => {
    const { flags, server } = openPage()
    const { outcome } = await register(flags, { plan: 'pro' })
    expect(server.asked).toBeGreaterThan(1)
    await clock.advance(5_000)
    expect(outcome()).toMatch(/No flags came within 5000 ms.*its server does not answer/)
  })

  it('hears nothing of a page once it is closed, not even what was on its way', async () => {
    const { flags, server } = openPage()
    let listening = 0
    const { on } = flags
    const counted: BrowserFlags = Object.assign(flags, {
      on: ((name, listener) => {
        listening += 1
        const stop = on(name, listener)
        return () => {
          listening -= 1
          stop()
        }
      }) satisfies typeof on,
    })
    server.sheets.nobody = adaSheet
    const { provider, events, outcome } = await register(counted)
    expect(listening).toBe(4)
    await clock.advance(2_000)
    events.length = 0
    expect([outcome(), listening]).toEqual(['READY', 3])
    on('status', () => void provider.onClose?.())
    server.isAway = true
    await clock.advance(2_000)
    expect([flags.status, events, listening]).toEqual(['stale', [], 0])
  })

  it('is stale while the server is away', async () => {
    const { flags, server } = openPage()
    server.sheets.nobody = adaSheet
    const { client } = await register(flags)
    await clock.advance(2_000)
    expect(client.providerStatus).toBe('READY')
    let message: string | undefined
    client.addHandler(ProviderEvents.Stale, (details) => {
      message = details?.message
    })
    server.isAway = true
    await clock.advance(30_000)
    expect(client.providerStatus).toBe('STALE')
    expect(message).toContain('its server does not answer')
    server.isAway = false
    await clock.advance(120_000)
    expect(client.providerStatus).toBe('READY')
  })

  it('hands on what is known of a flag, and what is tracked', async () => {
    const metadata = { docs: '/plain', beta: true }
    const { flags } = openPage(
      sheetFor('ada', {
        plain: { ...split(true, 'on'), metadata },
        text: { ...split(7, 'seven'), metadata },
      }),
    )
    const { client } = await register(flags, { targetingKey: 'ada' })
    expect(client.getBooleanDetails('plain', false).flagMetadata).toEqual(metadata)
    expect(client.getStringDetails('text', '')).toMatchObject({
      ...{ errorCode: 'TYPE_MISMATCH', flagMetadata: metadata },
    })
    const track = vi.spyOn(flags, 'track')
    client.track('purchase', { value: 20 })
    client.track('signup')
    expect(track.mock.calls).toEqual([
      ['purchase', 20],
      ['signup', undefined],
    ])
  })

  it('closes what it opened and nothing else', async () => {
    const { flags } = openPage(adaSheet)
    const close = vi.spyOn(flags, 'close')
    await register(flags)
    await OpenFeature.clearProviders()
    expect(close).not.toHaveBeenCalled()
    const { provider } = await register(() => flags)
    await OpenFeature.clearProviders()
    expect(close).toHaveBeenCalledOnce()
    const logger = { error: silent, warn: silent, info: silent, debug: silent }
    expect(provider.resolveBooleanEvaluation('plain', false, {}, logger)).toMatchObject({
      ...{ value: false, errorCode: 'PROVIDER_NOT_READY' },
    })
  })
})
