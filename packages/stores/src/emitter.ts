import { EventEmitter } from 'eventemitter3'

/** Events by name, each with its listener's signature. */
type EventMap<Events> = { readonly [Name in keyof Events]: (...args: never[]) => void }

/** Hands out events; a listener that throws stops neither the others nor the one who tells. */
export interface Emitter<Events extends EventMap<Events>> {
  /** Listens to an event; answers a function that stops it. */
  on<Name extends keyof Events & string>(name: Name, listener: Events[Name]): () => void
  off<Name extends keyof Events & string>(name: Name, listener: Events[Name]): void
  tell<Name extends keyof Events & string>(name: Name, ...args: Parameters<Events[Name]>): void
  clear(): void
}

/**
 * Creates an emitter.
 *
 * @param onThrown Hears what a listener threw, and of which event. What a listener of `error` throws
 * is dropped: nobody is left to be told.
 */
export function createEmitter<Events extends EventMap<Events>>(
  onThrown: (name: keyof Events & string, cause: unknown) => void,
): Emitter<Events> {
  const emitter = new EventEmitter<Record<string, (...args: unknown[]) => void>>()
  type Listener = (...args: unknown[]) => void

  return {
    on(name, listener) {
      emitter.on(name, listener as unknown as Listener)
      return () => void emitter.off(name, listener as unknown as Listener)
    },
    off(name, listener) {
      emitter.off(name, listener as unknown as Listener)
    },
    tell(name, ...args) {
      const hear = (cause: unknown) => {
        if (name !== 'error') onThrown(name, cause)
      }
      // Not `emit`: it would stop at the first listener that throws.
      for (const listener of emitter.listeners(name)) {
        try {
          const outcome: unknown = listener(...args)
          // An async function is a listener too: unheard, what it throws would end the process.
          if (outcome instanceof Promise) outcome.catch(hear)
        } catch (cause) {
          hear(cause)
        }
      }
    },
    clear() {
      emitter.removeAllListeners()
    },
  }
}
