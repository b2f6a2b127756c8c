import { type FlagEvaluationOptions, type JsonValue, OpenFeature } from '@openfeature/web-sdk'
import { createMemoryStore, openFlags, SluiceError } from '@sluice/sdk'
import { answersHandler } from '@sluice/sdk/answers'
import { type AnswerSheet, type BrowserFlags, createBrowserFlags } from '@sluice/sdk/browser'
import { createOpenFeatureProvider } from '@sluice/sdk/openfeature/web'
import { expect } from 'vitest'
import type { AskWith } from './context-sentences.ts'
import { definitions, environment } from './fixture-flags.ts'
import type { Details, FlagType, Surface } from './world.ts'

const opened: { close(): unknown }[] = []
let domains = 0

type Source = Parameters<typeof createOpenFeatureProvider>[0]

/** A page over a server of its own, which believes what the page says of its user. */
function openPage() {
  const flags = openFlags({ store: createMemoryStore(), environment, definitions })
  const server: { asked: unknown } = { asked: undefined }
  const handle = answersHandler(flags, {
    contextOf(_, sent) {
      server.asked = sent
      return (sent ?? {}) as object
    },
    isPublic: () => true,
    metadataOf: ({ definition }) => definition.metadata,
  })
  const page = createBrowserFlags({
    url: '/answers',
    fetch: (url, init) => handle(new Request(`http://localhost${url}`, init)) as never,
    eventSource: undefined,
  })
  opened.push(page, handle, flags)
  return { page, server }
}

/** A page whose server has gone since it was rendered. */
async function openStalePage(): Promise<BrowserFlags> {
  const answers: AnswerSheet = { revision: 1, environment, answers: {} }
  const fetch = () => Promise.reject(new Error('nobody listens there'))
  const page = createBrowserFlags({ answers, url: '/answers', fetch, eventSource: undefined })
  opened.push(page)
  await new Promise<void>((resolve) => {
    page.on('status', (status) => status === 'stale' && resolve())
  })
  return page
}

const sources: Readonly<Record<string, () => Source | Promise<Source>>> = {
  stable: () => openPage().page,
  'not ready': () => () => new Promise<never>(() => {}),
  error: () => () => Promise.reject(new Error('nobody listens there')),
  fatal: () => () => Promise.reject(new SluiceError('answers_unauthorized', 'Sign in first.')),
  stale: openStalePage,
}

/** The web SDK, in a domain of the scenario's own. */
export function openWeb(): Surface {
  const domain = `scenario-${++domains}`
  const client = OpenFeature.getClient(domain)
  return {
    async start(status) {
      const provider = createOpenFeatureProvider(await sources[status]!())
      if (status === 'not ready') OpenFeature.setProvider(domain, provider)
      else await OpenFeature.setProviderAndWait(domain, provider).catch(() => {})
    },
    get status() {
      return client.providerStatus
    },
    addHook: (hook) => void client.addHooks(hook),
    async evaluate({ type, key, fallback, context, hooks }) {
      if (Object.keys(context).length > 0) await OpenFeature.setContext(domain, context as never)
      return ask(type, key, fallback, { hooks: [...hooks] }) as Details
    },
  }

  function ask(type: FlagType, key: string, fallback: unknown, options: FlagEvaluationOptions) {
    switch (type) {
      case 'Boolean':
        return client.getBooleanDetails(key, fallback as boolean, options)
      case 'String':
        return client.getStringDetails(key, fallback as string, options)
      case 'Object':
        return client.getObjectDetails(key, fallback as JsonValue, options)
      default:
        return client.getNumberDetails(key, fallback as number, options)
    }
  }
}

/** Asks with the one context that the web SDK knows; what is asked is the page's server. */
export const askWebWith: AskWith = async ({ API = {} }) => {
  const { page, server } = openPage()
  await OpenFeature.setContext(API)
  await OpenFeature.setProviderAndWait('contexts', createOpenFeatureProvider(page))
  expect(OpenFeature.getClient('contexts').getBooleanValue('boolean-flag', false)).toBe(true)
  return server.asked
}

/** Takes back what scenarios did to the one API of the process. */
export async function closeWeb(): Promise<void> {
  await OpenFeature.clearProviders()
  await OpenFeature.clearContexts()
  for (const each of opened.splice(0)) await each.close()
}
