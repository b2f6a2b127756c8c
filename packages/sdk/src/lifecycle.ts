import type { FlagDefinition } from '@sluice/core'
import { defaultPolicy, type FlagLifecycle, lifecycleOf, type Policy } from '@sluice/rollout'
import type { Clock, FlagClient } from '@sluice/stores'

/** By which policy, and when. */
export interface LifecycleOptions {
  /** Default: `defaultPolicy`. */
  readonly policy?: Policy
  /** Epoch ms. Default: the client's clock. */
  readonly now?: number
}

/** Says of each flag at which point of its life it is. */
export interface LifecycleReader {
  /**
   * At which point of its life each flag is, in every environment, and what is due next (P3).
   *
   * It is read off the definitions of this process, the log's state, and the log as far as it reaches back: flags that
   * only other processes define are `archived` here.
   *
   * @throws SluiceError What the store throws while the log is read.
   */
  lifecycle(options?: LifecycleOptions): Promise<FlagLifecycle[]>
}

/** The reader over a client. */
export function createLifecycleReader(client: FlagClient, clock: Clock): LifecycleReader {
  return {
    async lifecycle({ policy = defaultPolicy, now = clock.now() } = {}) {
      const { replica } = client
      const commits = await replica.history((key) => /^(?:flag|exposure|rollout)\//.test(key))
      const flags = client.snapshot()
      const definitions: Record<string, FlagDefinition> = {}
      for (const key of flags.keys()) {
        const definition = flags.inspect(key)?.definition
        if (definition !== undefined) definitions[key] = definition
      }
      return lifecycleOf({ definitions, entries: replica.entries(), commits, policy, now })
    },
  }
}
