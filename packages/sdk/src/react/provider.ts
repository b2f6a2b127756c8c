import { type EvaluationContext, SluiceError } from '@sluice/core'
import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useState,
} from 'react'
import type { BrowserFlags, BrowserFlagsOptions } from '../browser/contract.ts'
import { createBrowserFlags } from '../browser/create-browser-flags.ts'

/** Either flags that the application made, or what they are made of: read once, but for `context`. */
export type SluiceProviderProps = { readonly children?: ReactNode } & (
  | { readonly flags: BrowserFlags }
  | (BrowserFlagsOptions & { readonly flags?: undefined })
)

const FlagsContext = createContext<BrowserFlags | undefined>(undefined)

/**
 * Gives the components below it their flags.
 *
 * Flags that the application made stay its own. Else the provider makes some of its properties, follows the server
 * while it is mounted, and asks for the answers of another user when `context` changes; other properties are read when it is
 * mounted: a new `key` begins anew.
 */
export function SluiceProvider(props: SluiceProviderProps): ReactNode {
  const { flags: given, children } = props
  // A render may be thrown away: nothing is opened before the effect.
  const [own] = useState(() => given ?? createBrowserFlags({ ...props, isConnected: false }))
  useEffect(() => (given === undefined ? own.connect() : undefined), [given, own])
  useContextChange(own, given === undefined ? props : undefined)
  return createElement(FlagsContext.Provider, { value: given ?? own }, children)
}

function useContextChange(flags: BrowserFlags, options: BrowserFlagsOptions | undefined): void {
  const context = options?.context
  const text = textOf(context)
  // What was asked for is in the ref: a strict mode runs each effect twice.
  const asked = useRef(text)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new object that says the same is the same user.
  useEffect(() => {
    if (options === undefined || asked.current === text) return
    asked.current = text
    // Flags tell it as an error, too, once they try again.
    flags.setContext(context).catch(() => {})
  }, [flags, text])
}

function textOf(context: EvaluationContext): string | undefined {
  try {
    return JSON.stringify(context)
  } catch {
    return undefined
  }
}

/**
 * The flags of the nearest provider.
 *
 * @throws SluiceError `provider_missing`.
 */
export function useSluice(): BrowserFlags {
  const flags = useContext(FlagsContext)
  if (flags !== undefined) return flags
  const message =
    'There is no <SluiceProvider> above this component: put one around the application.'
  throw new SluiceError('provider_missing', message)
}
