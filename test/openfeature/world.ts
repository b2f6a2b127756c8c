import type { Step } from './read-scenarios.ts'

/** What a scenario calls its flags' types. */
export type FlagType = 'Boolean' | 'String' | 'Integer' | 'Float' | 'Object'

/** What the SDKs answer, as far as scenarios look at it. */
export interface Details {
  readonly flagKey: string
  readonly value: unknown
  readonly variant?: string | undefined
  readonly reason?: string | undefined
  readonly errorCode?: string | undefined
  readonly flagMetadata: Readonly<Record<string, unknown>>
}

/** A hook that only notes what it sees. */
export type NotingHook = {
  readonly [stage in 'before' | 'after' | 'error' | 'finally']: (
    context: unknown,
    details?: unknown,
  ) => void
}

/** One of OpenFeature's SDKs over our provider, for one scenario. */
export interface Surface {
  /** Registers a provider in one of the states that scenarios name. */
  start(status: string): Promise<void>
  readonly status: string
  addHook(hook: NotingHook): void
  evaluate(question: Question): Promise<Details>
}

/** What a scenario asks. */
export interface Question {
  readonly type: FlagType
  readonly key: string
  readonly fallback: unknown
  readonly context: Record<string, unknown>
  readonly hooks: readonly NotingHook[]
}

/** What a scenario has come to. */
export interface World {
  readonly surface: Surface
  question: Question
  details: Details | undefined
  /** `stage` or `hook.stage`, in order, with what was handed over. */
  readonly calls: { readonly name: string; readonly details: unknown }[]
}

/** What one sentence means. */
export type Meaning = readonly [
  sentence: RegExp,
  act: (world: World, words: readonly string[], table: Step['table']) => unknown,
]

/** A world in which nothing has happened yet. */
export function createWorld(surface: Surface): World {
  const question: Question = {
    ...{ type: 'Boolean', key: 'boolean-flag', fallback: false },
    ...{ context: {}, hooks: [] },
  }
  return { surface, question, details: undefined, calls: [] }
}

/** Does what a step says. @throws Error where no sentence, or more than one, means it. */
export async function act(world: World, step: Step, meanings: readonly Meaning[]): Promise<void> {
  const fitting = meanings.filter(([sentence]) => sentence.test(step.text))
  if (fitting.length !== 1) throw new Error(`${fitting.length} sentences mean "${step.text}"`)
  for (const [sentence, run] of fitting) {
    await run(world, sentence.exec(step.text)?.slice(1) ?? [], step.table)
  }
}

/** A value as scenarios write it. */
export function parseValue(type: string, text: string): unknown {
  if (text === 'null') return undefined
  switch (type.toLowerCase()) {
    case 'boolean':
      return text === 'true'
    case 'integer':
    case 'float':
      return Number(text)
    case 'object':
      return JSON.parse(text.replaceAll('\\"', '"'))
    default:
      return text
  }
}

/** A hook that notes its calls in a world, under a name where it has one. */
export function notingHook({ calls }: World, prefix = ''): NotingHook {
  const note =
    (stage: string) =>
    (_: unknown, details?: unknown): void => {
      calls.push({ name: prefix + stage, details })
    }
  return {
    ...{ before: note('before'), after: note('after') },
    ...{ error: note('error'), finally: note('finally') },
  }
}
