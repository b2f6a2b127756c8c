import {
  AsyncLocalStorageTransactionContextPropagator,
  type Hook,
  OpenFeature,
} from '@openfeature/server-sdk'
import { createFlagSet } from '@sluice/sdk'
import { createOpenFeatureProvider } from '@sluice/sdk/openfeature'
import { expect } from 'vitest'
import type { AskWith } from './context-sentences.ts'
import { definitions, environment } from './fixture-flags.ts'

/** Asks through all levels that the server SDK knows. */
export const askServerWith: AskWith = async (given) => {
  OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator())
  const provider = createOpenFeatureProvider(createFlagSet(definitions, { environment }))
  let asked: unknown
  await OpenFeature.setProviderAndWait('contexts', {
    ...provider,
    resolveBooleanEvaluation(key, fallback, context, logger) {
      asked = context
      return provider.resolveBooleanEvaluation(key, fallback, context, logger)
    },
  })
  const client = OpenFeature.getClient('contexts')
  const before: Hook = { before: () => given['Before Hooks'] ?? {} }
  OpenFeature.setContext(given.API ?? {})
  client.setContext(given.Client ?? {})
  const evaluated = await new Promise((resolve) => {
    OpenFeature.setTransactionContext(given.Transaction ?? {}, () => {
      resolve(client.getBooleanValue('boolean-flag', false, given.Invocation, { hooks: [before] }))
    })
  })
  expect(evaluated).toBe(true)
  return asked
}
