import type { FlagDefinitions, KeyOf, ValueOf } from '@sluice/core'
import type { ReactNode } from 'react'
import type { BrowserFlags } from '../browser/contract.ts'
import type { BrowserAnswer } from '../browser/snapshot.ts'
import { Feature, type FeatureProps, useAnswer, useFlag, useFlags, useVariant } from './hooks.ts'
import { SluiceProvider, type SluiceProviderProps, useSluice } from './provider.ts'

/** The keys of the flags whose values are true and false. */
type BooleanKeyOf<D extends FlagDefinitions> = {
  [K in KeyOf<D>]: boolean extends ValueOf<D[K]> ? K : never
}[KeyOf<D>]

/** The hooks, typed by an application's definitions: a misspelt key does not compile. */
export interface Hooks<D extends FlagDefinitions> {
  readonly SluiceProvider: (props: SluiceProviderProps) => ReactNode
  readonly useSluice: () => BrowserFlags<D>
  /** Only flags with true and false for values have a key here. */
  readonly useFlag: (key: BooleanKeyOf<D>) => boolean
  readonly useFlags: () => { readonly [K in KeyOf<D>]?: ValueOf<D[K]> }
  readonly useVariant: <K extends KeyOf<D>>(key: K, fallback: ValueOf<D[K]>) => ValueOf<D[K]>
  readonly useAnswer: <K extends KeyOf<D>>(
    key: K,
  ) => BrowserAnswer & { readonly value: ValueOf<D[K]> | undefined }
  readonly Feature: (
    props: Omit<FeatureProps, 'flag'> & { readonly flag: BooleanKeyOf<D> },
  ) => ReactNode
}

/**
 * The hooks and components of this package, typed by an application's definitions: `createHooks<typeof definitions>()`.
 *
 * They are the same functions for every type: calling it twice, or beside the untyped ones, is fine.
 */
export function createHooks<D extends FlagDefinitions>(): Hooks<D> {
  return {
    ...{ SluiceProvider, useSluice, useFlag, useFlags, useVariant, useAnswer, Feature },
  } as unknown as Hooks<D>
}
