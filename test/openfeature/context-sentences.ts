import { expect } from 'vitest'
import type { Meaning, World } from './world.ts'

/** What each level of context was given. */
export type Given = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Evaluates a flag with a context at each level. @returns what our provider was asked with. */
export type AskWith = (given: Given) => Promise<unknown>

interface Levels {
  given: Given
  merged: unknown
  precedence: readonly string[]
}

const levelsOf = new WeakMap<World, Levels>()

/** What the scenarios of context merging say; the merged context is the one that our provider is asked with. */
export function contextSentences(askWith: AskWith): readonly Meaning[] {
  return [
    [
      /^a stable provider with retrievable context is registered$/,
      (world) => {
        levelsOf.set(world, { given: {}, merged: undefined, precedence: [] })
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
        of(world).merged = await askWith(of(world).given)
      },
    ],
    [
      /^The merged context contains an entry with key "(.*)" and value "(.*)"$/,
      (world, [name = '', value]) => expect(of(world).merged).toHaveProperty([name], value),
    ],
  ]
}

function give(world: World, level: string, name: string, value: string): void {
  const levels = of(world)
  levels.given = { ...levels.given, [level]: { ...levels.given[level], [name]: value } }
}

function of(world: World): Levels {
  const levels = levelsOf.get(world)
  if (levels === undefined) throw new Error('no provider is registered')
  return levels
}
