import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listenTo, read } from '../browser/site.fixture.ts'
import { until } from '../contracts/until.ts'
import { chromium } from '../services/chromium.ts'
import { describeWith } from '../services/service.ts'
import { createNextProject, type NextProject } from './next-project.ts'
import type { Begun } from './shell.ts'

/** Stands at 43 percent of the guide's flag. */
const eve = 'eve'
/** Stands at 3 percent: inside of the first stage. */
const gil = 'gil'
/** What the server renders, and what the hook shows. */
const old = ['Your profile', 'old']
const fresh = ['Your new profile', 'new']

/** Keeps all that the page ever shows, from its first element on. */
const recorder = `
  globalThis.shown = { h1: [], p: [] }
  new MutationObserver(() => {
    for (const [name, texts] of Object.entries(shown)) {
      const text = document.querySelector('main > ' + name)?.textContent
      if (text && text !== texts.at(-1)) texts.push(text)
    }
  }).observe(document, { subtree: true, childList: true, characterData: true })`

const isRunning = { exitCode: 0, printed: expect.stringContaining('newProfile  running  5 %') }

/** Ends what hangs, however loaded the machine. */
const limitMs = 300_000

describeWith(chromium, 'a reader of the guide to Next.js', (service) => {
  let project: NextProject
  let server: Begun
  beforeAll(async () => {
    project = await createNextProject()
  }, limitMs)
  afterAll(async () => {
    await project?.remove()
  })

  async function open(visitor: string): Promise<Page & { readonly said: string[] }> {
    const context = await service().browser.newContext()
    await context.addCookies([{ name: 'visitor', value: visitor, url: project.url }])
    const tab = await context.newPage()
    await tab.addInitScript(recorder)
    const said = listenTo(tab)
    await tab.goto(project.url)
    return Object.assign(tab, { said })
  }
  /** All that the heading, and all that the paragraph, has shown. */
  const shown = (tab: Page) => read<[string[], string[]]>(tab, '[shown.h1, shown.p]')
  const shows = (tab: Page, texts: readonly string[]) =>
    until(async () => String((await shown(tab)).map((each) => each.at(-1))) === String(texts))
  const inTurn = (...views: readonly (readonly string[])[]) =>
    [0, 1].map((index) => views.map((view) => view[index]))
  const rendered = async () => {
    const headers = { cookie: `visitor=${eve}`, connection: 'close' }
    const html = await (await fetch(project.url, { headers })).text()
    return /<h1>(.*?)<\/h1><p>(.*?)<\/p>/.exec(html)?.slice(1)
  }

  it('builds without a warning, and leaves the log alone', { timeout: limitMs }, async () => {
    const [build = ''] = project.lines('Move it')
    const { printed, exitCode } = await project.run(build)
    expect([exitCode, printed]).toEqual([0, expect.not.stringMatching(/warn|error|⚠/i)])
    expect((await project.run('ls -a')).printed).not.toContain('.sluice')
  })

  it('sees the answer of the server first, then each change', { timeout: limitMs }, async () => {
    const [, start = '', half = '', whole = ''] = project.lines('Move it')
    server = await project.serve(start)
    expect(await rendered()).toEqual(old)
    const first = await open(eve)
    expect((await project.run(half)).exitCode).toBe(0)
    await shows(first, fresh)
    expect(await rendered()).toEqual(fresh)
    const second = await open(eve)
    await shows(second, fresh)
    expect((await project.run(half.replace('50', '1'))).exitCode).toBe(0)
    await shows(second, old)
    expect((await project.run(whole)).exitCode).toBe(0)
    for (const tab of [first, second]) await shows(tab, fresh)
    expect(await shown(first)).toEqual(inTurn(old, fresh, old, fresh))
    expect(await shown(second)).toEqual(inTurn(fresh, old, fresh))
    expect([...first.said, ...second.said]).toEqual([])
  })

  it('sees a rollout through to everybody', { timeout: limitMs }, async () => {
    const [traffic = '', start = '', watch = ''] = project.lines('A rollout')
    const tab = await open(eve)
    project.start(traffic)
    expect(await project.run(start)).toMatchObject(isRunning)
    const watched = await project.run(watch)
    expect(watched).toMatchObject({ exitCode: 0, printed: expect.stringContaining('completed') })
    await shows(tab, fresh)
    expect(await shown(tab)).toEqual(inTurn(fresh, old, fresh))
  })

  it('sees a bad version go back by itself', { timeout: limitMs }, async () => {
    const tab = await open(gil)
    await shows(tab, fresh)
    // With a page open, whose stream would hold it.
    await project.end(server)
    const [serve = '', start = '', watch = '', log = ''] = project.lines('A bad one')
    server = await project.serve(serve)
    expect(await project.run(start)).toMatchObject(isRunning)
    const watched = await project.run(watch)
    expect(watched.printed).toMatch(/controller {2}roll back: error_rate: canary errors/)
    expect(watched.exitCode).toBe(1)
    await shows(tab, old)
    const { printed } = await project.run(log)
    expect(printed).toMatch(/controller +roll_back/)
    await project.end(server)
  })
})
