import type { SluiceError } from '@sluice/core'
import type { BrowserFlagsEvents } from './contract.ts'

type Listener = (argument: never) => unknown

/** Hands out events; what a listener throws is told as an error, and stops nobody. */
export function createEvents(failed: (cause: unknown) => SluiceError) {
  const listeners: { readonly [Name in keyof BrowserFlagsEvents]: Set<Listener> } = {
    change: new Set(),
    status: new Set(),
    error: new Set(),
  }

  function on(name: keyof BrowserFlagsEvents, listener: Listener): () => void {
    // A wrapper of its own, so that one function may listen twice.
    const hear: Listener = (argument) => listener(argument)
    listeners[name]?.add(hear)
    return () => void listeners[name]?.delete(hear)
  }

  function tell<Name extends keyof BrowserFlagsEvents>(
    name: Name,
    argument: Parameters<BrowserFlagsEvents[Name]>[0],
  ): void {
    const hear = (cause: unknown) => {
      // Of a listener to errors, nobody is left to be told.
      if (name !== 'error') tell('error', failed(cause))
    }
    for (const listener of [...listeners[name]]) {
      try {
        const outcome = listener(argument as never)
        if (outcome instanceof Promise) outcome.catch(hear)
      } catch (cause) {
        hear(cause)
      }
    }
  }

  return { on, tell }
}
