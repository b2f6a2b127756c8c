import type { FlagDefinition, FlagDefinitions, FlagReaders, FlagSet } from '@sluice/core'
import type { FlagClient } from '@sluice/stores'
import type { Followed } from './session.ts'

/** The flags as a client, where they follow a log. What a flag of that name is, is no method. */
export function clientOf(flags: FlagReaders): FlagClient | undefined {
  return typeof (flags as Partial<FlagClient>).snapshot === 'function'
    ? (flags as FlagClient)
    : undefined
}

/** A flag's definition, as it answers now. */
export function definitionOf(flags: FlagReaders, key: string): FlagDefinition | undefined {
  const set = clientOf(flags)?.snapshot() ?? (flags as FlagSet)
  if (typeof set.inspect === 'function') return set.inspect(key)?.definition
  return Object.hasOwn(flags, key) ? (flags as unknown as FlagDefinitions)[key] : undefined
}

/** A client to follow: stale while it answers from a cache or from definitions, in error while it knows nothing. */
export function followedClient(flags: FlagReaders): Followed | undefined {
  const client = clientOf(flags)
  return (
    client && {
      standing() {
        const { status } = client
        return status === 'live' ? 'ready' : status === 'defaults' ? 'error' : 'stale'
      },
      ready: (timeoutMs) => client.ready({ timeoutMs }),
      follow({ standing, change, trouble }) {
        const stops = [
          client.on('status', standing),
          client.on('change', change),
          client.on('error', ({ message }) => trouble(message)),
        ]
        return () => {
          for (const stop of stops) stop()
        }
      },
      close: () => client.close(),
    }
  )
}
