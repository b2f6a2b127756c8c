import {
  AsyncLocalStorageTransactionContextPropagator,
  type Client,
  type EvaluationContext,
  type Hook,
  OpenFeature,
  type Provider,
} from '@openfeature/server-sdk'
import { createFlagSet } from '@sluice/sdk'
import { createOpenFeatureProvider } from '@sluice/sdk/openfeature'
import { expect } from 'vitest'
import { definitions, environment } from './fixture-flags.ts'
import type { Meaning, World } from './world.ts'

/** The levels at which a context is given, and what was given there. */
interface Levels {
  readonly client: Client
  readonly given: Record<string, EvaluationContext>
  merged: EvaluationContext | undefined
  precedence: readonly string[]
}

const levelsOf = new WeakMap<World, Levels>()

/** What the scenarios of context merging say; the merged context is the one that our provider is asked with. */
export const contextSentences: readonly Meaning[] = [
  [
    /^a stable provider with retrievable context is registered$/,
    async (world) => {
      const levels: Levels = {
        client: OpenFeature.getClient('contexts'),
        ...{ given: {}, merged: undefined, precedence: [] },
      }
      levelsOf.set(world, levels)
      await OpenFeature.setProviderAndWait('contexts', listening(levels))
    },
  ],
  [
    /^A context entry with key "(.*)" and value "(.*)" is added to the "(.*)" level$/,
    (world, [name = '', value = '', level = '']) => give(world, level, name, value),
  ],
  [
    /^A table with levels of increasing precedence$/,
    (world, _, table) => {
      of(world).precedence = table.map(([level = '']) => level)
    },
  ],
  [
    /^Context entries for each level from API level down to the "(.*)" level, with key "(.*)" and value "(.*)"$/,
    (world, [last = '', name = '', value = '']) => {
      const { precedence } = of(world)
      const levels = precedence.slice(0, precedence.indexOf(last) + 1)
      // Above the last one stands something else, that must not come through.
      for (const level of levels) give(world, level, name, level === last ? value : 'overwritten')
    },
  ],
  [
    /^Some flag was evaluated$/,
    async (world) => {
      const { client, given } = of(world)
      const before: Hook = { before: () => given['Before Hooks'] ?? {} }
      OpenFeature.setContext(given.API ?? {})
      client.setContext(given.Client ?? {})
      const evaluated = await new Promise((resolve) => {
        OpenFeature.setTransactionContext(given.Transaction ?? {}, () => {
          resolve(
            client.getBooleanValue('boolean-flag', false, given.Invocation, { hooks: [before] }),
          )
        })
      })
      expect(evaluated).toBe(true)
    },
  ],
  [
    /^The merged context contains an entry with key "(.*)" and value "(.*)"$/,
    (world, [name = '', value]) => expect(of(world).merged).toHaveProperty([name], value),
  ],
]

/** Our provider, which tells what it is asked with. */
function listening(levels: Levels): Provider {
  OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator())
  const provider = createOpenFeatureProvider(createFlagSet(definitions, { environment }))
  return {
    ...provider,
    resolveBooleanEvaluation(key, fallback, context, logger) {
      levels.merged = context
      return provider.resolveBooleanEvaluation(key, fallback, context, logger)
    },
  }
}

function give(world: World, level: string, name: string, value: string): void {
  const { given } = of(world)
  given[level] = { ...given[level], [name]: value }
}

function of(world: World): Levels {
  const levels = levelsOf.get(world)
  if (levels === undefined) throw new Error('no provider is registered')
  return levels
}
