import {
  type EvaluationContext,
  type FlagEvaluationOptions,
  type JsonValue,
  OpenFeature,
} from '@openfeature/server-sdk'
import { createMemoryStore, type Flags, openFlags } from '@sluice/sdk'
import { createOpenFeatureProvider } from '@sluice/sdk/openfeature'
import { definitions, environment } from './fixture-flags.ts'
import type { Details, FlagType, Surface } from './world.ts'

const opened: Flags[] = []
let domains = 0

/** The server SDK, in a domain of the scenario's own. */
export function openServer(): Surface {
  const domain = `scenario-${++domains}`
  const client = OpenFeature.getClient(domain)
  const providers: Readonly<Record<string, () => Parameters<typeof createOpenFeatureProvider>>> = {
    stable: () => [open()],
    'not ready': () => [() => new Promise<never>(() => {})],
    error: () => [() => Promise.reject(new Error('nobody listens there'))],
    fatal: () => [() => openFlags({ definitions: { 'boolean-flag': { rollout: 101 } } })],
    stale: () => {
      const read = () => Promise.reject(new Error('nobody listens there'))
      return [open({ ...createMemoryStore(), read }), { timeoutMs: 1 }]
    },
  }
  return {
    async start(status) {
      const provider = createOpenFeatureProvider(...providers[status]!())
      if (status === 'not ready') OpenFeature.setProvider(domain, provider)
      else await OpenFeature.setProviderAndWait(domain, provider).catch(() => {})
    },
    get status() {
      return client.providerStatus
    },
    addHook: (hook) => void client.addHooks(hook),
    async evaluate({ type, key, fallback, context, hooks }) {
      return (await ask(type, key, fallback, context, { hooks: [...hooks] })) as Details
    },
  }

  function ask(
    type: FlagType,
    key: string,
    fallback: unknown,
    context: object,
    options: FlagEvaluationOptions,
  ) {
    const rest = [context as EvaluationContext, options] as const
    switch (type) {
      case 'Boolean':
        return client.getBooleanDetails(key, fallback as boolean, ...rest)
      case 'String':
        return client.getStringDetails(key, fallback as string, ...rest)
      case 'Object':
        return client.getObjectDetails(key, fallback as JsonValue, ...rest)
      default:
        return client.getNumberDetails(key, fallback as number, ...rest)
    }
  }
}

function open(store = createMemoryStore()): Flags {
  const flags = openFlags({ store, environment, definitions })
  opened.push(flags)
  return flags
}

/** Takes back what scenarios did to the one API of the process. */
export async function closeServers(): Promise<void> {
  OpenFeature.setContext({})
  await OpenFeature.clearProviders()
  for (const flags of opened.splice(0)) await flags.close()
}
