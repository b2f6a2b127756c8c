import { expect } from 'vitest'
import {
  type Details,
  type FlagType,
  type Meaning,
  notingHook,
  parseValue,
  type World,
} from './world.ts'

/** What the scenarios of evaluation, hooks and metadata say. */
export const sentences: readonly Meaning[] = [
  [
    /^a (stable|not ready|error|fatal|stale) provider$/,
    ({ surface }, [status = '']) => surface.start(status),
  ],
  [
    /^an? (\w+)-flag with key "(.*)" and a fallback value "(.*)"$/i,
    (world, [type = '', key = '', fallback = '']) => {
      const named = (type.charAt(0).toUpperCase() + type.slice(1)) as FlagType
      ask(world, { type: named, key, fallback: parseValue(type, fallback) })
    },
  ],
  [
    /^a context containing a key "(.*)", with type "(.*)" and with value "(.*)"$/,
    (world, [name = '', type = '', text = '']) => addContext(world, name, parseValue(type, text)),
  ],
  [
    /^a context containing a key "(.*)" with null value$/,
    (world, [name = '']) => addContext(world, name, null),
  ],
  [/^the flag was evaluated with details(?: using the evaluation options)?$/, evaluate],
  [
    /^the flag was evaluated with details asynchronously$/,
    async (world) => {
      const evaluated = evaluate(world)
      // What is awaited has not answered yet: nobody was kept waiting.
      expect(world.details).toBeUndefined()
      await evaluated
    },
  ],
  [
    /^the evaluation should complete without blocking$/,
    ({ details }) => expect(details).toBeDefined(),
  ],
  [
    /^the resolved details value should be "(.*)"$/s,
    (world, [text = '']) =>
      expect(seen(world).value).toEqual(parseValue(world.question.type, text)),
  ],
  [/^the reason should be "(.*)"$/, (world, [reason]) => expect(seen(world).reason).toBe(reason)],
  [
    /^the error-code should be "(.*)"$/,
    (world, [code]) => expect(seen(world).errorCode).toBe(code),
  ],
  [/^the flag key should be "(.*)"$/, (world, [key]) => expect(seen(world).flagKey).toBe(key)],
  [
    /^the variant should be "(.*)"$/,
    (world, [variant]) => expect(seen(world).variant).toBe(variant),
  ],
  [
    /^the resolved metadata should contain$/,
    (world, _, [, ...rows]) => {
      const wanted = rows.map(([name = '', type = '', text = '']) => [name, parseValue(type, text)])
      expect(seen(world).flagMetadata).toMatchObject(Object.fromEntries(wanted))
    },
  ],
  [/^the resolved metadata is empty$/, (world) => expect(seen(world).flagMetadata).toEqual({})],
  [
    /^the provider status should be "(.*)"$/,
    ({ surface }, [status]) => expect(surface.status).toBe(status),
  ],
  [/^a client with added hook$/, (world) => world.surface.addHook(notingHook(world))],
  [
    /^the "(\w+)" hook should have been executed$/,
    ({ calls }, [stage]) => expect(calls.map(({ name }) => name)).toContain(stage),
  ],
  [
    /^the "([\w, ]+)" hooks should be called with evaluation details$/,
    ({ calls }, [stages = ''], [, ...rows]) => {
      const wanted = rows.map(([type = '', name = '', text = '']) => [
        name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        parseValue(type, text),
      ])
      for (const stage of stages.split(', ')) {
        const { details } = calls.find(({ name }) => name === stage) ?? {}
        for (const [name, value] of wanted) {
          expect((details as Record<string, unknown>)[name as string]).toEqual(value)
        }
      }
    },
  ],
  [
    /^evaluation options containing specific hooks$/,
    (world) => ask(world, { hooks: ['first.', 'second.'].map((name) => notingHook(world, name)) }),
  ],
  [
    /^the specified hooks should execute during evaluation$/,
    ({ calls }) => expect(calls.length).toBe(6),
  ],
  [
    /^the hook order should be maintained$/,
    ({ calls }) =>
      expect(calls.map(({ name }) => name)).toEqual([
        ...['first.before', 'second.before'],
        ...['second.after', 'first.after', 'second.finally', 'first.finally'],
      ]),
  ],
  [
    /^an evaluation context with modifiable data$/,
    (world) => addContext(world, 'tags', ['a', { b: 1 }]),
  ],
  [
    /^the original evaluation context should remain unmodified$/,
    ({ question }) => {
      expect(question.context).toEqual({ tags: ['a', { b: 1 }] })
      expect(Object.isFrozen(question.context)).toBe(false)
    },
  ],
  [
    /^the evaluation details should be immutable$/,
    // By 1.4.14.1 it is the metadata that must be; the details are each caller's own.
    (world) => expect(Object.isFrozen(seen(world).flagMetadata)).toBe(true),
  ],
]

function ask(world: World, more: Partial<World['question']>): void {
  world.question = { ...world.question, ...more }
}

function addContext(world: World, name: string, value: unknown): void {
  ask(world, { context: { ...world.question.context, [name]: value } })
}

async function evaluate(world: World): Promise<void> {
  world.details = await world.surface.evaluate(world.question)
}

function seen({ details }: World): Details {
  if (details === undefined) throw new Error('nothing was evaluated')
  return details
}
