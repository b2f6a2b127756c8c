import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type FlagDefinition,
  type FlagDefinitions,
  type FlagReaders,
  type FlagSet,
  type KeyOf,
  SluiceError,
} from '@sluice/core'
import { createEmitter, type Emitter, type FlagClientEvents } from '@sluice/stores'
import { createManualClock, type ManualClock } from '@sluice/stores/testing'
import { type Flags, type FlagsOptions, openFlags } from '../open-flags.ts'
import { begin, beginThen, type Outcome } from './outcome.ts'
import { createOverrideLayer, type OverrideLayer, type Overrides } from './overrides.ts'

/** Ends an override. A second call does nothing. `using` calls it by itself. */
export type Restore = (() => void) & DisposableWhereKnown

/** `Disposable`, for compilers that know it: by Node's types, or by the library `esnext.disposable`. */
type DisposableWhereKnown = SymbolConstructor extends {
  readonly dispose: infer Dispose extends symbol
}
  ? { readonly [Key in Dispose]: () => void }
  : unknown

/** An application's flags in a test's hand. They need no store, no network and no time, and nothing has to be closed. */
export interface TestFlags<D extends FlagDefinitions = FlagDefinitions> extends Flags<D> {
  /** Their time. It stands still until a test moves it. */
  readonly clock: ManualClock
  /**
   * Sets flags, for all who ask, until the function that it answers is called. The one that was set last wins.
   *
   * @throws SluiceError `flag_not_found`, `invalid_override`: then nothing is set.
   */
  override(overrides: Overrides<D>): Restore
  /** The same until `run` is over, or what it returned has been awaited. */
  override<Result>(overrides: Overrides<D>, run: () => Result): Outcome<Result>
  /**
   * Sets flags for what `run` calls and awaits, and for nobody else: tests that run at the same time see nothing of it.
   * It wins over {@link TestFlags.override}, and an inner one over an outer one. What `run` returns to be awaited begins
   * there and then.
   *
   * @throws SluiceError `flag_not_found`, `invalid_override`.
   */
  withFlags<Result>(overrides: Overrides<D>, run: () => Result): Outcome<Result>
}

/** How test flags are opened: as an application's, but for the clock. */
export type TestFlagsOptions = Pick<FlagsOptions, 'environment' | 'segments' | 'store'> & {
  /** Default: one of its own, that begins with 2026 in UTC. */
  readonly clock?: ManualClock
}

/** Definitions without the methods that `defineFlags` puts beside them. */
export type DefinitionsOf<T extends object> = {
  readonly [Key in keyof T as T[Key] extends (...args: never[]) => unknown
    ? never
    : Key]: T[Key] extends FlagDefinition ? T[Key] : never
}

/**
 * What flags that are on or off are set to, by key: those without variants of their own, or that `sluice types` declared
 * to have on and off.
 */
export type OnOrOff<D extends FlagDefinitions> = {
  // Others stay, as what nothing is assigned to: of no key at all, any key is one.
  readonly [Key in KeyOf<D>]?: D[Key] extends { readonly variants: infer Variants extends object }
    ? Variants extends { readonly on: boolean; readonly off: boolean }
      ? boolean
      : never
    : boolean
}

/** The environment of test flags: that of no deployment, so that a flag is off there unless its definition says otherwise. */
const testEnvironment = 'test'

/**
 * Opens flags for a test: every flag as it is defined, but for those that are set.
 *
 * @param definitions As `openFlags` takes them, or what `defineFlags` returned.
 * @param overrides What flags are set to, whatever their rules and shares say. A misspelt key or a variant that a flag
 * does not have does not compile.
 * @throws SluiceError `flag_not_found`, `invalid_override`; where the definitions are refused.
 */
export function testFlags<
  const T extends {
    readonly [Key in keyof T]: FlagDefinition | ((...args: never[]) => unknown)
  },
>(
  definitions: T,
  overrides?: Overrides<DefinitionsOf<T>>,
  options?: TestFlagsOptions,
): TestFlags<DefinitionsOf<T>>
/**
 * The same without the definitions: flags that are on or off, `testFlags<typeof definitions>({ newUserProfile: true })`.
 * All other flags are unknown, and off.
 */
export function testFlags<D extends FlagDefinitions>(overrides: OnOrOff<D>): TestFlags<D>
export function testFlags(
  first: object,
  overrides: Overrides = {},
  options: TestFlagsOptions = {},
): TestFlags {
  if (!isSwitches(first)) return open(first as FlagDefinitions, overrides, options)
  const named = Object.keys(first).map((key) => [key, {}] as const)
  return open(Object.fromEntries(named), first, options)
}

function open(
  definitions: FlagDefinitions,
  overrides: Overrides,
  options: TestFlagsOptions,
): TestFlags {
  const { environment = testEnvironment, clock = createManualClock(), ...rest } = options
  const client = openFlags({ ...rest, definitions, environment, clock })
  const snapshot = client.snapshot.bind(client)
  /** The ones that were set last come last. */
  let layers: readonly OverrideLayer[] = [createOverrideLayer(overrides, snapshot())]
  const scoped = new AsyncLocalStorage<readonly OverrideLayer[]>()
  const events: Emitter<Pick<FlagClientEvents, 'change'>> = createEmitter(() => {})

  function current(): FlagSet {
    let set = snapshot()
    for (const layer of layers) set = layer.over(set)
    for (const layer of scoped.getStore() ?? []) set = layer.over(set)
    return set
  }

  function lay(given: Overrides): Restore {
    const layer = createOverrideLayer(given, snapshot())
    const take = (next: readonly OverrideLayer[]) => {
      layers = next
      if (layer.keys.length > 0) events.tell('change', layer.keys)
    }
    take([...layers, layer])
    const restore = () => {
      if (layers.includes(layer)) take(layers.filter((each) => each !== layer))
    }
    return Object.assign(restore, { [Symbol.dispose]: restore })
  }

  const readers: FlagReaders = {
    isEnabled: (key, context) => current().isEnabled(key, context),
    boolean: (key, context, fallback) => current().boolean(key, context, fallback),
    string: (key, context, fallback) => current().string(key, context, fallback),
    number: (key, context, fallback) => current().number(key, context, fallback),
    object: (key, context, fallback) => current().object(key, context, fallback),
    evaluate: (key, context, evaluation) => current().evaluate(key, context, evaluation),
    evaluateAll: (context, evaluation) => current().evaluateAll(context, evaluation),
    explain: (key, context, evaluation) => current().explain(key, context, evaluation),
  }
  const { on } = client
  return Object.assign(client, readers, {
    clock,
    snapshot: current,
    override: ((given: Overrides, run?: () => unknown) => {
      const restore = lay(given)
      return run === undefined ? restore : beginThen(run, restore)
    }) as TestFlags['override'],
    withFlags<Result>(given: Overrides, run: () => Result): Outcome<Result> {
      const layer = createOverrideLayer(given, snapshot())
      return scoped.run([...(scoped.getStore() ?? []), layer], () => begin(run))
    },
    on: ((name, listener) => {
      const stops = [on.call(client, name, listener)]
      if (name === 'change') stops.push(events.on(name, listener as FlagClientEvents['change']))
      return () => {
        for (const stop of stops) stop()
      }
    }) satisfies TestFlags['on'],
  })
}

/**
 * Tells what flags are set to from what they are defined as.
 *
 * @throws SluiceError `invalid_override` for a variant's name, whose value nobody knows.
 */
function isSwitches(given: object): given is Overrides {
  const values = Object.entries(given)
  const named = values.find(([, value]) => typeof value === 'string')
  if (named !== undefined) {
    const [key, variant] = named
    const message = `testFlags does not know what "${variant}" of flag "${key}" is: give the definitions first, testFlags(definitions, { ${key}: '${variant}' })`
    const expected = 'true, false, or definitions'
    throw new SluiceError('invalid_override', message, {
      ...{ flag: key, pointer: `/${key}`, expected, found: `"${variant}"` },
    })
  }
  return values.some(([, value]) => typeof value === 'boolean')
}
