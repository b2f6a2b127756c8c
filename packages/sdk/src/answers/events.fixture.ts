import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { onTestFinished } from 'vitest'
import { type AnswersOptions, answersHandler } from '../answers.ts'
import { createBrowserFlags } from '../browser.ts'
import { openFlags } from '../index.ts'

export const environment = 'test'
export const on = { enabled: true, rollout: 100, environments: [environment] }
const note = { actor: 'ada', reason: 'test' }

/** A server with two rollouts under way and one that is over, and a page that is connected to it. */
export async function open(options: Partial<AnswersOptions> = {}) {
  const clock = createManualClock()
  const definitions = { new: on, old: { ...on, rollout: 0 }, done: on, half: on }
  const flags = openFlags({ store: createMemoryStore(), environment, definitions, clock })
  await flags.ready()
  for (const [key, phase] of Object.entries({
    new: 'running',
    old: 'holding',
    done: 'completed',
  })) {
    await flags.replica.commit({
      ...{ ...note, action: 'test', environment },
      changes: [{ key: `rollout/${environment}/${key}`, value: { phase } }],
    })
  }
  const session = { user: 'ada' as string | undefined }
  const handle = answersHandler(flags, {
    ...{ contextOf: () => session.user && { id: session.user }, isPublic: () => true, clock },
    events: ['purchase', 'signup'],
    ...options,
  })
  const requests: Request[] = []
  const fetch = (url: string, init: RequestInit) => {
    const request = new Request(`http://a.test${url}`, init)
    requests.push(request.clone())
    return handle(request)
  }
  const page = createBrowserFlags({
    ...{ url: '/answers', fetch: fetch as never, eventSource: undefined, clock },
    isConnected: false,
  })
  const told: string[] = []
  page.on('error', ({ code, message }) => told.push(`${code}: ${message}`))
  await page.setContext()
  onTestFinished(async () => {
    page.close()
    await flags.close()
  })
  const posted = () => requests.filter(({ method }) => method === 'POST')
  const count = (key: string, series = 'purchase') => {
    const { canary, stable } = flags.health(key as 'new').read()
    return [canary, stable].map((arm) => arm.series?.[series]?.count ?? 0)
  }
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    handle(
      new Request('http://a.test/answers', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    )
  /** Beside those of the server itself. */
  const idleTimers = clock.pendingTimers
  return {
    timers: () => clock.pendingTimers - idleTimers,
    clock,
    flags,
    page,
    session,
    told,
    posted,
    count,
    post,
    handle,
  }
}

/** As a page of Ada sends it. */
export const batch = (...events: unknown[]) => ({ targetingKey: 'ada', events })
