import type { FlagDefinition, FlagDefinitions } from './definition.ts'
import { SluiceError } from './errors.ts'
import type { FlagSetOptions } from './flag-set-contract.ts'
import { createFlagSet } from './node-flag-set.ts'
import type { FlagReaders } from './readers.ts'

/**
 * Definitions with no property that a definition does not know, so that a misspelling does not
 * compile.
 */
export type Exact<D extends FlagDefinitions> = {
  readonly [K in keyof D]: ExactIn<D[K], FlagDefinition>
}

/** A value as it is, with every property that its shape does not know, at any depth, as never. */
type ExactIn<Value, Shape> = Shape extends Value
  ? Value
  : Value extends readonly unknown[]
    ? { readonly [I in keyof Value]: ExactIn<Value[I], ItemOf<Shape>> }
    : Value extends object
      ? { readonly [P in keyof Value]: ExactProperty<Value[P], PropertyOf<RecordOf<Shape>, P>, P> }
      : Value

/** Variants are any JSON: there is nothing to misspell. */
type ExactProperty<Value, Shape, Name> = Name extends 'variants'
  ? Value
  : [Shape] extends [never]
    ? never
    : ExactIn<Value, Shape>

type ItemOf<Shape> = Shape extends readonly (infer Item)[] ? Item : never
type RecordOf<Shape> = Shape extends readonly unknown[] ? never : Shape
/** Of a union of shapes, what any of them knows by that name. */
type PropertyOf<Shape, Name extends PropertyKey> = Shape extends object
  ? Name extends keyof Shape
    ? NonNullable<Shape[Name]>
    : never
  : never

/** The definitions as readable data, with the questions an application asks beside them. */
export type DefinedFlags<D extends FlagDefinitions> = Readonly<D> & FlagReaders<D>

const readerNames = [
  'isEnabled',
  'boolean',
  'string',
  'number',
  'object',
  'evaluate',
  'evaluateAll',
  'explain',
] as const satisfies readonly (keyof FlagReaders)[]

/**
 * Defines flags in code and answers questions about them: the simplest use.
 *
 * The definitions stay readable (`flags.newUserProfile.rollout`); the methods are not enumerable.
 *
 * @throws SluiceError where a definition is refused; `reserved_key` for a flag named like a method.
 */
export function defineFlags<const D extends FlagDefinitions>(
  definitions: D & Exact<D>,
  options: FlagSetOptions = {},
): DefinedFlags<D> {
  const flags = createFlagSet<FlagDefinitions>(definitions, options)
  const defined: Record<string, unknown> = {}
  for (const key of flags.keys()) defined[key] = flags.inspect(key)?.definition
  for (const name of readerNames) {
    if (Object.hasOwn(defined, name)) {
      throw new SluiceError('reserved_key', `a flag cannot be named "${name}": that is a method`, {
        flag: name,
        pointer: `/${name}`,
        expected: 'another key',
        found: name,
      })
    }
    Object.defineProperty(defined, name, { value: flags[name].bind(flags) })
  }
  return Object.freeze(defined) as DefinedFlags<D>
}
