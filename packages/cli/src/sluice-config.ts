import type { FlagDefinitions } from '@sluice/core'
import type { Guard } from '@sluice/guards'
import type { Directory, DirectoryRecord, Plan, Policy } from '@sluice/rollout'
import type { Store } from '@sluice/stores'

/** A store that the configuration opens by itself, and how to let go of it. */
export interface OpenedStore {
  readonly store: Store
  /** Closes what the store was opened over: its client. The store is closed before. */
  close?(): Promise<void> | void
}

/** What a rollout that is started here is going to be; what is missing is the policy's. */
export interface RolloutSettings {
  readonly plan?: Plan
  /** Default: error rate, latency and declarations. */
  readonly guards?: readonly Guard[]
  /** Default 0.01. */
  readonly alpha?: number
  /** The type of change, a key of `policy.approvals.types`. Default `minor`. */
  readonly type?: string
}

/** What `sluice.config.ts` says. */
export interface SluiceConfig {
  /**
   * Where the log is: a URL or a folder as `--store` takes it, relative to this file, or a function that
   * opens any store.
   */
  readonly store?: string | (() => OpenedStore | Promise<OpenedStore>)
  /** The environment where none is named by `--env` or `SLUICE_ENVIRONMENT`. */
  readonly environment?: string
  /** The definitions that the application has: the path of a YAML or JSON file, a URL, or an object. */
  readonly definitions?: string | FlagDefinitions
  /**
   * Who has which role in approvals. Where it is given, nothing goes up in production without the
   * approvals that the policy asks for.
   */
  readonly directory?: Directory | DirectoryRecord
  /** From `definePolicy`. Default: `defaultPolicy`. */
  readonly policy?: Policy
  /**
   * What `rollout start` begins, by flag; `*` is for all others. Let the services' controllers use the same: a check or a
   * gauge that is a function is looked up there by its name.
   */
  readonly rollouts?: { readonly [flag: string]: RolloutSettings }
  /** Environments in which a change that goes up is confirmed first. Default: `['production']`. */
  readonly confirmIn?: readonly string[]
  /** The file that the application's clients on this machine keep as their `cache`: `sluice doctor` looks at it. */
  readonly cache?: string
}

/** Types a configuration file; answers what it was given. */
export function defineConfig(config: SluiceConfig): SluiceConfig {
  return config
}
