import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { openFlags } from '@sluice/sdk'
import { answerSheet, answersListener, sheetElement } from '@sluice/sdk/answers'
import { createMemoryStore } from '@sluice/stores/memory'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { type Listening, serveHttp } from '../services/http.ts'
import { definitions } from './definitions.ts'
import { App } from './react-app.ts'
import { textOf } from './text.ts'

const note = { actor: 'ada', reason: 'test' }

/** Bundles a page from the sources, as an application's bundler would. */
export async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    ...{ bundle: true, write: false, format: 'iife', platform: 'browser', target: 'es2022' },
    conditions: ['@sluice/source'],
    // React warns only while it is developed with.
    define: { 'process.env.NODE_ENV': '"development"' },
  })
  return outputFiles[0]!.text
}

/** Keeps all that the element `out` ever shows. */
const recorder = `<script>
  const shown = []
  new MutationObserver(() => {
    const text = document.getElementById('out')?.textContent
    if (text && text !== shown.at(-1)) shown.push(text)
  }).observe(document, { subtree: true, childList: true, characterData: true })
</script>`

export type Site = Awaited<ReturnType<typeof openSite>>

/** A site whose pages say what two flags answer for the user that a cookie names. */
export async function openSite(browser: Browser, scripts: { readonly [name: string]: string }) {
  const flags = openFlags({ store: createMemoryStore(), environment: 'test', definitions })
  await flags.ready()
  const isPublic = ({ definition }: { definition: { tags?: readonly string[] } }) =>
    definition.tags?.includes('public') === true
  /** Streams that are open now. */
  const open = new Set<ServerResponse>()
  const count = { streams: 0, fetches: 0 }
  const userOf = (request: IncomingMessage) => /user=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
  let mayAnswer = Promise.resolve()

  const answers = answersListener<IncomingMessage>(flags, {
    contextOf: async (request) => {
      await mayAnswer
      const id = userOf(request)
      return id === undefined ? undefined : { id }
    },
    isPublic,
    heartbeatMs: 1_000,
  })

  function pageOf(request: IncomingMessage, isReact: boolean): string {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost')
    const context = { id: userOf(request) }
    const sheet = answerSheet(flags, context, { isPublic })
    const options = searchParams.get('options') ?? '{}'
    const isBare = searchParams.has('bare')
    const text = textOf(
      flags.isEnabled('newProfile', context),
      flags.string('theme', context, 'fallback'),
    )
    const body = isReact
      ? `<div id="root">${renderToString(createElement(App, { answers: sheet }))}</div>`
      : `<p id="out">${isBare ? 'nothing yet' : text}</p>`
    return `<!doctype html><html><head><title>Site</title><link rel="icon" href="data:,">${recorder}</head>
      <body>${body}${isBare ? '' : sheetElement(sheet)}<script>options = ${options}</script>
      <script src="/${isReact ? 'react' : 'plain'}-page.js"></script></body></html>`
  }

  function serveAnswers(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.accept === 'text/event-stream') {
      count.streams += 1
      open.add(response)
      response.once('close', () => open.delete(response))
    } else count.fetches += 1
    answers(request, response)
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const [path = ''] = (request.url ?? '').split('?')
    const script = scripts[path.slice(1).replace('.js', '')]
    const type = script === undefined ? 'text/html' : 'text/javascript'
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` })
    response.end(script ?? pageOf(request, path === '/react'))
  }

  const listener = (request: IncomingMessage, response: ServerResponse) =>
    request.url?.startsWith('/answers') ? serveAnswers(request, response) : serve(request, response)
  let server: Listening = await serveHttp(listener)
  const { url, port } = server
  const contexts: BrowserContext[] = []

  return {
    ...{ flags, url, open, count },
    /** A window of its own, where a user is signed in. */
    async visit(user: string | undefined): Promise<BrowserContext> {
      const context = await browser.newContext()
      contexts.push(context)
      await signIn(context, url, user)
      return context
    },
    move: (percent: number) => flags.setRollout('newProfile', percent, note),
    kill: () => server.close(),
    async restart() {
      server = await serveHttp(listener, port)
    },
    /** Holds every answer back until the answered function is called. */
    hold(): () => void {
      let release = () => {}
      mayAnswer = new Promise((resolve) => {
        release = resolve
      })
      return release
    },
    async close() {
      for (const context of contexts) await context.close()
      answers.close()
      await server.close()
      await flags.close()
    },
  }
}

/** What a login does, or a logout, in another way than by the page. */
export async function signIn(
  context: BrowserContext,
  url: string,
  user: string | undefined,
): Promise<void> {
  await context.clearCookies()
  if (user !== undefined) await context.addCookies([{ name: 'user', value: user, url }])
}

/** A page that is loaded, with all that its console says. */
export async function openTab(
  context: BrowserContext,
  url: string,
): Promise<Page & { said: string[] }> {
  const tab = await context.newPage()
  const said = listenTo(tab)
  await tab.goto(url)
  return Object.assign(tab, { said })
}

/** All that a page's console says, but for what React says of itself. */
export function listenTo(tab: Page): string[] {
  const said: string[] = []
  tab.on('console', (message) => {
    if (!message.text().includes('React DevTools')) said.push(message.text())
  })
  tab.on('pageerror', (error) => said.push(error.message))
  return said
}

/** Reads names that a page left for the test. */
export function read<T>(tab: Page, expression: string): Promise<T> {
  return tab.evaluate(expression) as Promise<T>
}
