import type { Page } from 'playwright-core'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { until } from '../contracts/until.ts'
import { chromium } from '../services/chromium.ts'
import { describeWith } from '../services/service.ts'
import { bundle, listenTo, openSite, openTab, read, type Site, signIn } from './site.fixture.ts'

const before = 'profile old, theme #000'
const after = 'profile new, theme #000'

describeWith(chromium, 'React in a real browser', (service) => {
  let script: string
  let site: Site
  beforeAll(async () => {
    script = await bundle('react-page')
  })
  beforeEach(async () => {
    site = await openSite(service().browser, { 'react-page': script })
  })
  afterEach(() => site.close())

  const visit = async (user: string | undefined) => {
    const context = await site.visit(user)
    return { context, tab: await openTab(context, `${site.url}/react`) }
  }
  const shows = (tab: Page, text: string) =>
    until(async () => (await read<string[]>(tab, 'shown')).at(-1) === text)
  const html = (tab: Page) => read<string>(tab, 'document.querySelector("main").innerHTML')
  const isHydrated = (tab: Page) =>
    until(() => read<boolean>(tab, 'globalThis.renders !== undefined && renders.length > 0'))

  it('takes over what the server rendered without a word, and shows each change', async () => {
    await site.move(1)
    const { tab } = await visit('ada')
    await isHydrated(tab)
    await until(() => site.open.size === 1)
    expect(await html(tab)).toBe(
      `<p id="out">${before}</p><i>#000</i><b>newProfile theme</b>before`,
    )
    await site.move(100)
    await shows(tab, after)
    expect(await html(tab)).toBe(`<p id="out">${after}</p><i>#000</i><b>newProfile theme</b>after`)
    expect(await read(tab, 'shown')).toEqual([before, after])
    // Not one render ever had another answer than the server's, or the new one.
    expect(new Set(await read<string[]>(tab, 'renders'))).toEqual(
      new Set([`out ${before}`, 'theme #000', `out ${after}`]),
    )
    expect([tab.said, await read(tab, 'recoverable')]).toEqual([[], []])
    // The sheet is of the user who is there: nobody is asked again.
    expect(site.count.fetches).toBe(0)
  })

  it('agrees with the HTML though the answers changed before it came to life', async () => {
    const context = await site.visit('ada')
    const tab = await context.newPage()
    const said = listenTo(tab)
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await tab.route('**/react-page.js', async (route) => {
      await held
      await route.continue()
    })
    await tab.goto(`${site.url}/react`, { waitUntil: 'commit' })
    await shows(tab, before)
    await site.move(100)
    release()
    await shows(tab, after)
    expect(await read(tab, 'shown')).toEqual([before, after])
    expect(await read(tab, 'renders[0]')).toBe(`out ${before}`)
    expect([said, await read(tab, 'recoverable')]).toEqual([[], []])
  })

  it('renders only the components whose answers changed', async () => {
    await site.move(1)
    const { tab } = await visit('ada')
    await until(() => site.open.size === 1)
    const themes = async () =>
      (await read<string[]>(tab, 'renders')).filter((each) => each.startsWith('theme')).length
    const count = await themes()
    await site.move(100)
    await shows(tab, after)
    expect(await themes()).toBe(count)
  })

  it('opens one stream in strict mode, and closes it when it is taken down', async () => {
    const { tab } = await visit('ada')
    await until(() => site.open.size === 1)
    await read(tab, 'unmount()')
    await until(() => site.open.size === 0)
    // The one that strict mode began and took back may have left the browser already.
    expect(site.count.streams).toBeLessThanOrEqual(2)
    expect(tab.said).toEqual([])
  })

  it('follows nobody once it is taken down while the user changes', async () => {
    const { context, tab } = await visit('ada')
    await until(() => site.open.size === 1)
    const { streams } = site.count
    await signIn(context, site.url, 'bo')
    const release = site.hold()
    await read(tab, 'render({ context: { id: "bo" } })')
    await until(() => site.open.size === 0)
    await read(tab, 'unmount()')
    const answered = tab.waitForResponse(/answers/)
    release()
    expect((await answered).status()).toBe(200)
    await read(tab, 'new Promise((resolve) => requestIdleCallback(resolve))')
    expect([site.open.size, site.count.streams]).toEqual([0, streams])
    expect(tab.said).toEqual([])
  })

  it('shows nothing of the user before where the next one has no answers, and says no more', async () => {
    const { tab } = await visit('ada')
    await until(() => site.open.size === 1)
    await site.kill()
    await read(tab, 'render({ context: { id: "bo" } })')
    await shows(tab, 'profile old, theme fallback')
    // The browser's own words; an error that nobody caught would be one of ours.
    expect(tab.said.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([])
    await site.restart()
  })

  it('leaves flags to the application that gives its own', async () => {
    const { tab } = await visit('ada')
    await until(() => site.open.size === 1)
    const sheet = {
      ...{ revision: 1, environment: 'test' },
      answers: { theme: { value: '#abc', variant: 'own', reason: 'STATIC' } },
    }
    const options = JSON.stringify({ answers: sheet, url: '/answers', isConnected: false })
    await read(tab, `render({ flags: createBrowserFlags(${options}) })`)
    await shows(tab, 'profile old, theme #abc')
    await until(() => site.open.size === 0)
    expect(site.count.fetches).toBe(0)
    expect(tab.said).toEqual([])
  })

  it('asks for another user when its context changes, and not when it says the same', async () => {
    const { context, tab } = await visit('ada')
    await until(() => site.open.size === 1)
    await signIn(context, site.url, 'bo')
    await read(tab, 'render({ context: { id: "bo" } })')
    await shows(tab, 'profile old, theme #fff')
    const { fetches } = site.count
    await read(tab, 'render({ context: { id: "bo" } })')
    await site.move(100)
    await shows(tab, 'profile new, theme #fff')
    expect(site.count.fetches).toBe(fetches)
    expect(await read(tab, 'shown')).toEqual([
      ...[before, 'profile old, theme #fff', 'profile new, theme #fff'],
    ])
    expect(tab.said).toEqual([])
  })
})
