import type { Page } from 'playwright-core'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { until } from '../contracts/until.ts'
import { chromium } from '../services/chromium.ts'
import { describeWith } from '../services/service.ts'
import { bundle, openSite, openTab, read, type Site, signIn } from './site.fixture.ts'

const before = 'profile old, theme #000'
const after = 'profile new, theme #000'

describeWith(chromium, 'a page in a real browser', (service) => {
  let script: string
  let site: Site
  beforeAll(async () => {
    script = await bundle('plain-page')
  })
  beforeEach(async () => {
    site = await openSite(service().browser, { 'plain-page': script })
  })
  afterEach(() => site.close())

  const isLive = (tab: Page) => until(async () => (await read(tab, 'flags.status')) === 'live')
  const shows = (tab: Page, text: string) =>
    until(async () => (await read<string[]>(tab, 'shown')).at(-1) === text)
  const withOptions = (options: object) =>
    `${site.url}?options=${encodeURIComponent(JSON.stringify(options))}`

  it('shows the answers of the server from its first paint on, and then each change', async () => {
    await site.move(1)
    const tab = await openTab(await site.visit('ada'), site.url)
    await isLive(tab)
    await site.move(100)
    await shows(tab, after)
    expect(await read(tab, 'shown')).toEqual([before, after])
    expect(await read(tab, 'statuses')).toEqual(['bootstrap', 'live'])
    expect(await read(tab, 'performance.getEntriesByType("navigation").length')).toBe(1)
    expect(tab.said).toEqual([])
    expect(await tab.content()).not.toContain('merger')
    expect(site.count).toEqual({ streams: 1, fetches: 0 })
  })

  it('takes nothing that a visitor wrote for its answers', async () => {
    const tab = await (await site.visit('ada')).newPage()
    const forged = '<div id="sluice-answers">{"revision":1,"environment":"test","answers":{}}</div>'
    await tab.route(site.url, async (route) => {
      const response = await route.fetch()
      const body = (await response.text()).replace('<body>', `<body>${forged}`)
      await route.fulfill({ response, body })
    })
    await tab.goto(site.url)
    expect(await read(tab, 'flags.getServerSnapshot().targetingKey')).toBe('ada')
    expect(await read(tab, 'shown.at(-1)')).toBe(before)
  })

  it('keeps its answers while the server is away, and catches up when it is back', async () => {
    const tab = await openTab(await site.visit('ada'), site.url)
    await isLive(tab)
    await site.kill()
    await until(async () => (await read(tab, 'flags.status')) === 'stale')
    expect(await read(tab, 'flags.string("theme", "fallback")')).toBe('#000')
    await site.move(100)
    await site.restart()
    await shows(tab, after)
    await isLive(tab)
    expect(await read(tab, 'shown')).toEqual([before, after])
    expect(await read(tab, 'statuses')).toEqual(['bootstrap', 'live', 'stale', 'live'])
    expect(new Set(await read<string[]>(tab, 'errors'))).toEqual(new Set(['answers_unreachable']))
  })

  it('goes on offline, and looks at once when the network is back', async () => {
    const context = await site.visit('ada')
    const tab = await openTab(context, site.url)
    await isLive(tab)
    await context.setOffline(true)
    await until(async () => (await read(tab, 'flags.status')) === 'stale')
    await until(() => site.open.size === 0)
    await site.move(100)
    expect(await read(tab, 'flags.isEnabled("newProfile")')).toBe(false)
    await context.setOffline(false)
    await shows(tab, after)
    expect(await read(tab, 'shown')).toEqual([before, after])
  })

  it('leaves connections to others, however many tabs are open', async () => {
    const context = await site.visit('ada')
    const url = withOptions({ pollMs: 200 })
    const tabs: Page[] = []
    for (let count = 0; count < 9; count += 1) tabs.push(await openTab(context, url))
    for (const tab of tabs) await isLive(tab)
    // A browser opens six connections to a host, for all tabs together.
    expect(site.open.size).toBe(4)
    await site.move(100)
    for (const tab of tabs) await shows(tab, after)
    // The place of a tab that is closed goes to another.
    for (const tab of tabs.slice(0, 4)) await tab.close()
    await until(() => site.open.size === 4)
    for (const tab of tabs.slice(4)) expect(await read(tab, 'shown')).toEqual([before, after])
  })

  it('changes the user without a word of the other one', async () => {
    const context = await site.visit('ada')
    const tab = await openTab(context, site.url)
    await isLive(tab)
    await signIn(context, site.url, 'bo')
    await read(tab, 'flags.setContext()')
    await shows(tab, 'profile old, theme #fff')
    expect(await read(tab, 'flags.getSnapshot().targetingKey')).toBe('bo')
    await until(() => site.count.streams === 2)
    await site.move(100)
    await shows(tab, 'profile new, theme #fff')
    expect(await read(tab, 'shown')).toEqual([
      ...[before, 'profile old, theme #fff', 'profile new, theme #fff'],
    ])
    await until(() => site.open.size === 1)
  })

  it('has nothing to say once nobody is signed in any more', async () => {
    const context = await site.visit('ada')
    const tab = await openTab(context, site.url)
    await isLive(tab)
    await signIn(context, site.url, undefined)
    expect(await read(tab, 'flags.setContext().catch(({ code }) => code)')).toBe(
      'answers_unauthorized',
    )
    expect(await read(tab, 'shown.at(-1)')).toBe('profile old, theme fallback')
    expect(await read(tab, 'flags.status')).toBe('empty')
    await signIn(context, site.url, 'bo')
    await read(tab, 'flags.setContext()')
    await shows(tab, 'profile old, theme #fff')
  })

  it('polls where it gets no stream', async () => {
    const context = await site.visit('ada')
    const missing = await context.newPage()
    await missing.addInitScript('delete window.EventSource')
    const blocked = await context.newPage()
    await blocked.route('**/answers*', (route) =>
      route.request().resourceType() === 'eventsource' ? route.abort() : route.continue(),
    )
    for (const tab of [missing, blocked]) {
      await tab.goto(withOptions({ pollMs: 200 }))
      await isLive(tab)
    }
    expect(site.open.size).toBe(0)
    await site.move(100)
    for (const tab of [missing, blocked]) {
      await shows(tab, after)
      expect(await read(tab, 'shown')).toEqual([before, after])
      expect(await read(tab, 'statuses')).toEqual(['bootstrap', 'live'])
    }
  })

  it('lets go of its stream while it is hidden, or was left for another page', async () => {
    const tab = await openTab(await site.visit('ada'), withOptions({ hiddenMs: 10 }))
    await isLive(tab)
    const turn = (state: string) =>
      read(
        tab,
        `Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${state}' })
        document.dispatchEvent(new Event('visibilitychange'))`,
      )
    await turn('hidden')
    await until(() => site.open.size === 0)
    await site.move(100)
    await turn('visible')
    await shows(tab, after)
    await read(tab, 'void dispatchEvent(new Event("pagehide"))')
    await until(() => site.open.size === 0)
    await site.move(0)
    await read(tab, 'void dispatchEvent(new Event("pageshow"))')
    await shows(tab, before)
    await tab.goto('about:blank')
    await until(() => site.open.size === 0)
  })

  it('catches up at once when it comes back from the back-forward cache', async () => {
    const tab = await openTab(await site.visit('ada'), site.url)
    await isLive(tab)
    await read(tab, 'void addEventListener("pageshow", (event) => { back = event.persisted })')
    await tab.goto('about:blank')
    await until(() => site.open.size === 0)
    await site.move(100)
    // Playwright's own way back waits for a page to load, and this one is loaded.
    await read(tab, 'void setTimeout(() => history.back())')
    await until(() => site.open.size === 1)
    await shows(tab, after)
    expect(await read(tab, 'back')).toBe(true)
    expect(await read(tab, 'shown')).toEqual([before, after])
    expect(await read(tab, 'statuses')).toEqual(['bootstrap', 'live', 'stale', 'live'])
    expect(site.count).toEqual({ streams: 2, fetches: 0 })
  })

  it('begins with its cache where the server gave it nothing', async () => {
    const context = await site.visit('ada')
    const options = { cache: true, context: { targetingKey: 'ada' } }
    const first = await openTab(context, withOptions(options))
    await isLive(first)
    await first.close()
    const url = `${withOptions(options)}&bare`
    const second = await context.newPage()
    await second.route('**/answers*', (route) => route.abort())
    await second.goto(url)
    expect(await read(second, 'statuses')).toEqual(['stale'])
    expect(await read(second, 'shown.at(-1)')).toBe(before)
    const other = await context.newPage()
    await other.route('**/answers*', (route) => route.abort())
    await other.goto(url.replaceAll('ada', 'bo'))
    expect(await read(other, 'shown.at(-1)')).toBe('profile old, theme fallback')
  })
})
